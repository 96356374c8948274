-- Written by `make generate` from pipelines/contract; edit the contract instead.
select bid_id, auction_id, account_id, price, quantity as quantity_tco2e, awarded as awarded_tco2e, period
from {{ source("lake", "auction_bids") }}
