with
    lab_tests as (select * from {{ ref("fct_lab_tests") }} where tested_on is not null),

    tests as (
        select
            *,
            {{ month_start("sampled_on") }} as month,
            least(sampled_on, received_on, tested_on, reported_on) as earliest,
            greatest(sampled_on, received_on, tested_on, reported_on) as latest
        from lab_tests
    )

select
    min(sample_id) as first_sample_id,
    entity_id,
    max(entity_name) as entity_name,
    max(province_code) as province_code,
    unit_id,
    fuel,
    lab_id,
    max(lab_name) as lab_name,
    tested_on,
    count(*) as samples,
    count(distinct month) as months,
    round(stddev_samp(carbon_pct), 9) as carbon_spread_pct,
    min(earliest) as first_on,
    max(latest) as last_on,
    {{ list_to_json(sorted_list("sample_id")) }} as sample_ids_json
from tests
group by entity_id, unit_id, fuel, lab_id, tested_on
having count(distinct month) > 1
