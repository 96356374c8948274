-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    auction_id,
    date,
    instrument_id,
    offered as offered_tco2e,
    reserve_price,
    clearing_price,
    sold as sold_tco2e,
    period
from {{ source("lake", "auctions") }}
