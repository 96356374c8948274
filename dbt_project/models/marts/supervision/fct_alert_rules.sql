with
    alerts as (select * from {{ ref("stg_alerts") }}),

    articles as (select * from {{ ref("rule_articles") }}),

    documents as (select * from {{ ref("rule_documents") }}),

    exploded as (select alert_id, {{ each_of("rule_refs") }} as rule_id from alerts),

    cited as (select distinct alert_id, rule_id from exploded)

select
    cited.alert_id,
    cited.rule_id,
    documents.title_zh as document_zh,
    documents.title_en as document_en,
    articles.article,
    articles.title_zh,
    articles.title_en,
    articles.verified
from cited
left join articles on cited.rule_id = articles.rule_id
left join documents on articles.document_id = documents.document_id
