with
    lab_tests as (select * from {{ ref("fct_lab_tests") }}),

    -- Carbon is found in the air-dried sample; the fuel is burnt as received.
    as_received as (
        select
            unit_id,
            {{ month_start("sampled_on") }} as month,
            sample_id,
            coalesce(fuel, '') as fuel,
            carbon_pct * (100 - total_moisture_pct) / (100 - moisture_pct) / 100 as carbon_tc_per_t
        from lab_tests
        where unit_id is not null and sampled_on is not null and moisture_pct < 100
    )

-- A mean over several fuels says nothing about their mixture. Rounded, so that the order of rows does not
-- matter.
select
    unit_id,
    month,
    round(avg(carbon_tc_per_t), 9) as carbon_tc_per_t,
    {{ list_to_json(sorted_list("sample_id")) }} as sample_ids_json
from as_received
where carbon_tc_per_t > 0
group by unit_id, month
having count(distinct fuel) = 1
