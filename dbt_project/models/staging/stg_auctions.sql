-- Written by `make generate` from pipelines/contract; edit the contract instead.
select auction_id, date, instrument_id, offered, reserve_price, clearing_price, sold, period
from {{ source("lake", "auctions") }}
