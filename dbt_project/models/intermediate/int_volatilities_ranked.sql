{#
    How many earlier days were not above a day is counted by halving: of two neighbouring blocks of days, each day
    of the later one counts the days of the earlier one that are not above it. Blocks of 1, 2, 4 … days together
    cover all earlier days once, so the work grows with n log n. The widest pair covers 32,768 trading days.
#}
{% set levels = 15 %}

with
    -- Rounded, so that windows of equal returns are equal however their sums were formed.
    volatile_days as (
        select date, instrument_id, round(realised_volatility_20d, 9) as volatility
        from {{ ref("int_market_days_rolled") }}
        where realised_volatility_20d is not null
    ),

    numbered as (
        select *, row_number() over (partition by instrument_id order by date) - 1 as earlier_days
        from volatile_days
    ),

    widths as (
        select width
        from
            (
                values
                    {% for level in range(levels) %} ({{ 2**level }}){{ "," if not loop.last }} {% endfor %}
            ) as powers(width)
    ),

    halved as (
        select
            numbered.*,
            widths.width,
            cast(floor(numbered.earlier_days / (2.0 * widths.width)) as bigint) as pair,
            cast(floor(numbered.earlier_days / (1.0 * widths.width)) as bigint) % 2 as is_later
        from numbered
        cross join widths
    ),

    compared as (
        select
            date,
            instrument_id,
            earlier_days,
            is_later,
            sum(1 - is_later) over (
                partition by instrument_id, width, pair
                order by volatility
                range between unbounded preceding and current row
            ) as days_not_above
        from halved
    )

select
    date,
    instrument_id,
    cast(sum(is_later * days_not_above) as double)
    / nullif(cast(max(earlier_days) as double), 0) as volatility_history_percentile
from compared
group by date, instrument_id
