"""What must hold exactly in any clean market, whatever its size: bookings, settlement, daily figures, orders.

Each identity is a query over contract tables that gives how many things it looked at and how many break it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.simulator.realism.tables import connect

_LEGS = """
    with legs as (
        select from_account as account_id, unit_type, vintage, ts, transfer_id, -quantity as change
        from transfers where from_account is not null
        union all
        select to_account, unit_type, vintage, ts, transfer_id, quantity
        from transfers where to_account is not null
    )
"""
_FILLS = """
    with fills as (
        select trade_id, buy_order_id as order_id, 'buy' as side, buy_account_id as account_id,
            instrument_id, mode, price, quantity, ts
        from trades
        union all
        select trade_id, sell_order_id, 'sell', sell_account_id, instrument_id, mode, price, quantity, ts
        from trades
    )
"""
_DAYS = """
    with days as (
        select
            cast(ts + interval 8 hour as date) as date,
            instrument_id,
            sum(quantity) filter (where mode = 'listed') as listed_volume,
            sum(price * quantity) filter (where mode = 'listed') as listed_value,
            sum(quantity) filter (where mode = 'block') as block_volume,
            sum(price * quantity) filter (where mode = 'block') as block_value,
            arg_min(price, (ts, trade_id)) filter (where mode = 'listed') as open,
            max(price) filter (where mode = 'listed') as high,
            min(price) filter (where mode = 'listed') as low
        from trades
        group by all
    )
"""
IDENTITIES = {
    "no holding is negative at any moment": f"""{_LEGS},
        balances as (
            select sum(change) over (
                partition by account_id, unit_type, vintage order by ts, transfer_id
                rows unbounded preceding
            ) as balance
            from legs
        )
        select count(*), count(*) filter (where balance < 0) from balances
    """,
    "every trade is settled by exactly one transfer of its quantity, sides and vintage": """
        with settled as (
            select
                trades.trade_id,
                count(transfers.transfer_id) as settlements,
                bool_and(
                    transfers.quantity = trades.quantity
                    and transfers.from_account = trades.sell_account_id
                    and transfers.to_account = trades.buy_account_id
                    and transfers.unit_type = instruments.unit_type
                    and transfers.vintage is not distinct from instruments.vintage
                    and transfers.ts >= trades.ts
                ) as is_equal
            from trades
            join instruments using (instrument_id)
            left join transfers on transfers.trade_id = trades.trade_id
            group by trades.trade_id
        )
        select count(*), count(*) filter (where settlements <> 1 or not is_equal) from settled
    """,
    "every settlement settles a trade": """
        select count(*), count(*) filter (where trades.trade_id is null)
        from transfers left join trades on trades.trade_id = transfers.trade_id
        where transfers.kind = 'trade_settlement'
    """,
    "the exchange's daily volumes and values equal its trades": f"""{_DAYS}
        select count(*), count(*) filter (where
            coalesce(m.listed_volume, 0) <> coalesce(d.listed_volume, 0)
            or coalesce(m.listed_value, 0) <> coalesce(d.listed_value, 0)
            or coalesce(m.block_volume, 0) <> coalesce(d.block_volume, 0)
            or coalesce(m.block_value, 0) <> coalesce(d.block_value, 0)
        )
        from market_days as m full join days as d on d.date = m.date and d.instrument_id = m.instrument_id
    """,
    "open, high, low and close follow from the listed trades": f"""{_DAYS}
        select count(*), count(*) filter (where
            case
                when d.listed_volume > 0 then
                    m.open <> d.open or m.high <> d.high or m.low <> d.low
                    or abs(m.close - d.listed_value / d.listed_volume) > 0.0051
                else m.close <> m.previous_close
            end
        )
        from market_days as m left join days as d on d.date = m.date and d.instrument_id = m.instrument_id
    """,
    "a day's previous close is the close before": """
        with days as (
            select *, lag(close) over (partition by instrument_id order by date) as before from market_days
        )
        select count(*), count(*) filter (where previous_close <> before) from days where before is not null
    """,
    "listed prices keep within ten and block prices within thirty per cent of the previous close": """
        select count(*), count(*) filter (where
            case trades.mode
                when 'listed' then trades.price not between limit_down and limit_up
                else abs(trades.price / previous_close - 1) > 0.3001
            end
        )
        from trades join market_days
            on market_days.instrument_id = trades.instrument_id
            and market_days.date = cast(trades.ts + interval 8 hour as date)
        where trades.mode in ('listed', 'block')
    """,
    "listed trades are below and block trades from 100,000 t": """
        select count(*), count(*) filter (where (mode = 'block') <> (quantity >= 100000)) from trades
    """,
    "nobody sells on a day more than was held when it opened": f"""{_LEGS},
        sold as (
            select sell_account_id as account_id, unit_type, vintage,
                cast(ts + interval 8 hour as date) as day, sum(quantity) as quantity
            from trades join instruments using (instrument_id)
            group by all
        ),
        changes as (
            select account_id, unit_type, vintage,
                cast(ts + interval 8 hour as date) as day, sum(change) as change
            from legs group by all
        ),
        holdings as (
            select *, sum(change) over (
                partition by account_id, unit_type, vintage order by day rows unbounded preceding
            ) - change as opening
            from changes
        )
        select count(*), count(*) filter (where coalesce(opening, 0) < quantity)
        from sold left join holdings
            on holdings.account_id = sold.account_id and holdings.day = sold.day
            and holdings.unit_type = sold.unit_type and holdings.vintage is not distinct from sold.vintage
    """,
    "every order begins with its entry, by one account, for one instrument, on one side": """
        with lives as (
            select
                order_id,
                arg_min(event, (ts, event_id)) as first,
                count(distinct (account_id, instrument_id, side, mode)) as parties,
                count(*) filter (where event = 'new') as entries
            from orders
            group by order_id
        )
        select count(*), count(*) filter (where first <> 'new' or parties <> 1 or entries <> 1) from lives
    """,
    "orders fill for what they offer, at their price or better": f"""{_FILLS},
        entered as (
            select order_id, account_id, instrument_id, side, mode, max(quantity) as most,
                min(price) as lowest, max(price) as highest
            from orders group by all
        ),
        filled as (
            select order_id, account_id, instrument_id, side, mode, sum(quantity) as quantity,
                min(price) as lowest, max(price) as highest
            from fills where order_id is not null group by all
        )
        select count(*), count(*) filter (where
            e.order_id is null
            or f.account_id <> e.account_id
            or f.instrument_id <> e.instrument_id
            or f.side <> e.side
            or f.mode <> e.mode
            or f.quantity > e.most
            or (f.side = 'buy' and f.highest > e.highest)
            or (f.side = 'sell' and f.lowest < e.lowest)
        )
        from filled as f left join entered as e using (order_id)
    """,
    "nobody trades with itself in the book": """
        select count(*), count(*) filter (where buy_account_id = sell_account_id)
        from trades where mode = 'listed'
    """,
    "surrendered quantities equal the surrender transfers": """
        with given as (
            select from_account, unit_type, sum(quantity) as quantity
            from transfers where kind = 'surrender' group by all
        ),
        booked as (
            select entity_id, sum(surrendered) as surrendered, sum(offsets_surrendered) as offsets
            from compliance group by entity_id
        ),
        held as (
            select
                holder_id as entity_id,
                coalesce(sum(quantity) filter (where unit_type = 'CEA'), 0) as allowances,
                coalesce(sum(quantity) filter (where unit_type = 'CCER'), 0) as credits
            from accounts left join given on given.from_account = accounts.account_id
            where holder_type = 'compliance'
            group by holder_id
        )
        select count(*), count(*) filter (where
            coalesce(surrendered, 0) <> allowances or coalesce(offsets, 0) <> credits
        )
        from booked join held using (entity_id)
    """,
    "carry-over takes from one vintage what it gives in the next": """
        with carried as (
            select coalesce(from_account, to_account) as account_id,
                sum(case when from_account is null then quantity else -quantity end) as change
            from transfers where kind = 'carry_over' group by all
        )
        select count(*), count(*) filter (where change <> 0) from carried
    """,
    "auctions award what they sell, to bids at or above the clearing price, and deliver it": """
        with awards as (
            select auction_id, sum(awarded) as awarded, min(price) filter (where awarded > 0) as lowest,
                bool_and(awarded between 0 and quantity) as is_within
            from auction_bids group by auction_id
        ),
        delivered as (select sum(quantity) as quantity from transfers where kind = 'auction'),
        sold as (select sum(sold) as quantity from auctions)
        select count(*), count(*) filter (where
            coalesce(awards.awarded, 0) <> auctions.sold
            or auctions.sold > auctions.offered
            or coalesce(awards.lowest < auctions.clearing_price, false)
            or not coalesce(awards.is_within, true)
            or (select quantity from delivered) is distinct from (select nullif(quantity, 0) from sold)
        )
        from auctions left join awards using (auction_id)
    """,
    "credits issued within the record enter the registry once, in full": """
        with opened as (select cast(min(ts) + interval 8 hour as date) as day from transfers),
        issued as (
            select quantity, count(*) as times
            from offset_issuances, opened where issued_on > day
            group by quantity
        ),
        booked as (
            select quantity, count(*) as times
            from transfers, opened
            where kind = 'issuance' and unit_type = 'CCER' and cast(ts + interval 8 hour as date) > day
            group by quantity
        )
        select count(*), count(*) filter (where issued.times is distinct from booked.times)
        from issued full join booked using (quantity)
    """,
}


@dataclass(frozen=True)
class Identity:
    """One identity: what holds, how many things were looked at, how many break it."""

    what: str
    checked: int
    broken: int


def identities(source: Path) -> list[Identity]:
    """Every identity of a source directory, in the order of `IDENTITIES`.

    Raises:
        FileNotFoundError: there is no such directory.
    """
    found = []
    with connect(source) as con:
        for what, query in IDENTITIES.items():
            checked, broken = con.execute(query).fetchall()[0]
            found.append(Identity(what, int(checked or 0), int(broken or 0)))
    return found
