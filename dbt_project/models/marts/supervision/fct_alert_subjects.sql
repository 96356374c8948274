with
    alerts as (select * from {{ ref("stg_alerts") }}),

    exploded as (select alert_id, {{ each_of("subject_ids") }} as subject_id from alerts)

select distinct alert_id, subject_id
from exploded
