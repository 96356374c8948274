with
    compliance as (select * from {{ ref("int_compliance_usable") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    due_dates as (select * from {{ ref("int_due_dates_resolved") }} where duty = 'surrender'),

    spans as (select * from {{ ref("int_compliance_years_spanned") }}),

    joined as (
        select
            compliance.entity_id,
            compliance.year,
            compliance.period,
            entities.entity_name,
            entities.sector,
            entities.province_code,
            compliance.verified_emissions_tco2e,
            compliance.obligation_tco2e,
            compliance.surrendered_tco2e,
            compliance.offsets_surrendered_tco2e,
            compliance.cumulative_verified_tco2e,
            compliance.cumulative_surrendered_tco2e,
            compliance.has_unusable_emissions,
            compliance.registry_status,
            coalesce(compliance.due_on, due_dates.due_on) as due_on,
            case when compliance.due_on is null then due_dates.rule_id end as due_rule_id,
            case when compliance.due_on is null then due_dates.is_rule_verified end as is_due_on_verified,
            spans.is_outside_life,
            spans.reported_share,
            case
                when
                    compliance.cumulative_verified_tco2e is not null
                    and compliance.cumulative_surrendered_tco2e is not null
                then 'cumulative'
                when
                    coalesce(compliance.obligation_tco2e, compliance.verified_emissions_tco2e) is not null
                    -- Credits alone do not say what was surrendered.
                    and compliance.surrendered_tco2e is not null
                then 'annual'
            end as basis
        from compliance
        left join entities on compliance.entity_id = entities.entity_id
        left join spans on compliance.entity_id = spans.entity_id and compliance.year = spans.year
        left join due_dates on entities.sector = due_dates.sector and compliance.year = due_dates.year
    ),

    measured as (
        select
            *,
            cast(
                case
                    basis
                    when 'cumulative'
                    then ceil(cumulative_verified_tco2e)
                    when 'annual'
                    then coalesce(obligation_tco2e, ceil(verified_emissions_tco2e))
                end as bigint
            ) as required_tco2e,
            cast(
                case
                    basis
                    when 'cumulative'
                    then cumulative_surrendered_tco2e
                    when 'annual'
                    then surrendered_tco2e + coalesce(offsets_surrendered_tco2e, 0)
                end as bigint
            ) as provided_tco2e
        from joined
    )

select
    entity_id,
    year,
    period,
    entity_name,
    sector,
    province_code,
    verified_emissions_tco2e,
    obligation_tco2e,
    surrendered_tco2e,
    offsets_surrendered_tco2e,
    cumulative_verified_tco2e,
    cumulative_surrendered_tco2e,
    has_unusable_emissions,
    registry_status,
    due_on,
    due_rule_id,
    is_due_on_verified,
    basis,
    required_tco2e,
    provided_tco2e,
    case
        when required_tco2e is not null then greatest(required_tco2e - provided_tco2e, cast(0 as bigint))
    end as shortfall_tco2e,
    is_outside_life,
    reported_share,
    coalesce(due_on < {{ as_of() }}, false) as is_due
from measured
