with
    quarantine as (select * from {{ ref("fct_quarantine") }}),

    keyed as (select *, coalesce(column_name, 'none') as fault_column from quarantine),

    numbered as (
        select
            *,
            row_number() over (
                partition by table_name, file, reason, fault_column
                order by case when value is null then 1 else 0 end, row_number, quarantine_id
            ) as place
        from keyed
    )

select
    table_name,
    file,
    reason,
    fault_column as column_name,
    count(*) as row_count,
    sum(tonnes) as tonnes,
    max(case when place = 1 then row_number end) as example_row_number,
    max(case when place = 1 then value end) as example_value
from numbered
group by table_name, file, reason, fault_column
