with bids as (select * from {{ ref("stg_auction_bids") }})

select auction_id, count(*) as bid_count, cast(sum(awarded_tco2e) as bigint) as awarded_tco2e
from bids
group by auction_id
