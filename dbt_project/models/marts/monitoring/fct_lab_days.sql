with
    lab_tests as (
        select * from {{ ref("fct_lab_tests") }} where lab_id is not null and tested_on is not null
    ),

    days as (
        select
            lab_id,
            tested_on,
            max(lab_name) as lab_name,
            count(*) as tests,
            {{ list_to_json(sorted_list("sample_id")) }} as sample_ids_json
        from lab_tests
        group by lab_id, tested_on
    ),

    labs as (
        select
            lab_id,
            count(*) as days_with_tests,
            percentile_cont(0.95) within group (order by tests) as tests_on_a_busy_day
        from days
        group by lab_id
    )

select
    days.lab_id,
    days.tested_on,
    days.lab_name,
    cast(days.tests as bigint) as tests,
    cast(labs.days_with_tests as bigint) as days_with_tests,
    cast(labs.tests_on_a_busy_day as double) as tests_on_a_busy_day,
    days.sample_ids_json
from days
inner join labs on days.lab_id = labs.lab_id
