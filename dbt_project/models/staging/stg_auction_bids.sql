-- Written by `make generate` from pipelines/contract; edit the contract instead.
select bid_id, auction_id, account_id, price, quantity, awarded, period
from {{ source("lake", "auction_bids") }}
