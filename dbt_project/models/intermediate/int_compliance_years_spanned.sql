with
    compliance as (select * from {{ ref("int_compliance_usable") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    rows_stating as (
        select
            entity_id,
            year,
            coalesce(
                verified_emissions_tco2e,
                obligation_tco2e,
                surrendered_tco2e,
                offsets_surrendered_tco2e,
                cumulative_verified_tco2e,
                cumulative_surrendered_tco2e
            )
            is not null
            or coalesce(has_unusable_emissions, false)
            or registry_status is not null as is_stated,
            verified_emissions_tco2e is not null
            or cumulative_verified_tco2e is not null
            or coalesce(has_unusable_emissions, false)
            or coalesce(obligation_tco2e, 0) > 0
            or coalesce(surrendered_tco2e, 0) > 0
            or coalesce(offsets_surrendered_tco2e, 0) > 0 as has_figure
        from compliance
    ),

    lives as (
        select
            entity_id,
            min(case when is_stated then year end) as first_year,
            max(case when is_stated then year end) as last_year,
            max(case when has_figure then year end) as last_figure_year
        from rows_stating
        group by entity_id
    ),

    counted as (
        select year, count(*) as listed, cast(sum(case when is_stated then 1 else 0 end) as bigint) as stated
        from rows_stating
        group by year
    ),

    -- How many rows a year can be expected to state: as many as the fullest of the three years before.
    expected as (
        select years.year, years.stated, coalesce(nullif(max(earlier.stated), 0), years.listed) as expected
        from counted as years
        left join counted as earlier on earlier.year between years.year - 3 and years.year - 1
        group by years.year, years.stated, years.listed
    )

select
    rows_stating.entity_id,
    rows_stating.year,
    rows_stating.is_stated,
    -- A register may keep an empty line for each year before a plant opened and after it closed.
    (
        not rows_stating.is_stated
        and (
            lives.first_year is null
            or rows_stating.year < lives.first_year
            or rows_stating.year > lives.last_year
        )
    )
    -- It may even keep a status for them: what it says of the plant's own time precedes.
    or (
        not rows_stating.has_figure
        and (
            coalesce(rows_stating.year < extract(year from entities.listed_on), false)
            or coalesce(rows_stating.year > extract(year from entities.exited_on), false)
            or (
                {{ left_on_unknown_day("entities") }}
                and rows_stating.year > coalesce(lives.last_figure_year, 0)
            )
        )
    ) as is_outside_life,
    least(
        cast(expected.stated as double) / cast(expected.expected as double), cast(1 as double)
    ) as reported_share
from rows_stating
inner join lives on rows_stating.entity_id = lives.entity_id
inner join expected on rows_stating.year = expected.year
left join entities on rows_stating.entity_id = entities.entity_id
