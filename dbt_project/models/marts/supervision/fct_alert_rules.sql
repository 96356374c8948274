with
    alerts as (select * from {{ ref("stg_alerts") }}),

    articles as (select * from {{ ref("rule_articles") }}),

    exploded as (select alert_id, {{ each_of("rule_refs") }} as rule_id from alerts),

    cited as (select distinct alert_id, rule_id from exploded)

select
    cited.alert_id,
    cited.rule_id,
    articles.document,
    articles.article,
    articles.title_zh,
    articles.title_en,
    articles.verified
from cited
left join articles on cited.rule_id = articles.rule_id
