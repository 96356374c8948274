with
    measured as (select * from {{ ref("int_compliance_years_measured") }}),

    judged as (
        select
            *,
            case
                when
                    obligation_tco2e = 0
                    and coalesce(verified_emissions_tco2e, 0) = 0
                    and coalesce(shortfall_tco2e, 0) = 0
                then 'no_obligation'
                when is_outside_life
                then case when reported_share >= {{ var("report_quorum") }} then 'no_obligation' end
                when verified_emissions_tco2e is null and coalesce(basis, 'none') <> 'cumulative'
                then
                    case
                        -- Reported, with a figure that cannot be.
                        when has_unusable_emissions
                        then null
                        when not is_due
                        then 'not_due'
                        when reported_share >= {{ var("report_quorum") }}
                        then 'not_reported'
                    end
                when shortfall_tco2e = 0
                then 'compliant'
                when not is_due
                then 'not_due'
                when shortfall_tco2e > 0
                then 'not_compliant'
            end as verdict
        from measured
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
    due_on,
    due_rule_id,
    is_due_on_verified,
    basis,
    required_tco2e,
    provided_tco2e,
    shortfall_tco2e,
    is_due,
    reported_share,
    verdict,
    registry_status,
    case
        when
            verdict in ('compliant', 'not_compliant', 'not_reported')
            and registry_status in ('compliant', 'not_compliant', 'not_reported')
        then verdict = registry_status
    end as agrees_with_registry
from judged
