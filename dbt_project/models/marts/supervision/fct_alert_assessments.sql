-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    alert_id,
    level_by_score,
    level_reason,
    stake_basis,
    stake_tco2e,
    stake_money,
    currency,
    money_basis,
    price,
    price_on,
    is_explained,
    explaining_rows,
    explained_by,
    facts
from {{ ref("stg_alert_assessments") }}
