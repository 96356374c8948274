"""What must hold exactly holds on clean markets, and every identity notices when it is broken."""

import shutil

import polars as pl
import pytest

from pipelines.simulator.identities import IDENTITIES, identities


def test_clean_market_breaks_none(clean_market):
    found = identities(clean_market.report.out)
    assert [one for one in found if one.broken] == []
    assert all(one.checked for one in found)


def _more(column, of=None):
    chosen = pl.lit(True) if of is None else of
    return lambda frame: frame.with_columns(
        pl.when(chosen).then(pl.col(column) + 1).otherwise(pl.col(column)).alias(column)
    )


def _times(column, factor, of=None):
    chosen = pl.lit(True) if of is None else of
    return lambda frame: frame.with_columns(
        pl.when(chosen).then(pl.col(column) * factor).otherwise(pl.col(column)).alias(column)
    )


_SETTLEMENT = pl.col("kind") == "trade_settlement"
_REISSUED = (pl.col("kind") == "carry_over") & pl.col("from_account").is_null()
# A change that breaks each identity: table, change, words of the identity.
BREAKS = [
    ("transfers", _times("quantity", 1_000_000, _SETTLEMENT), "is negative"),
    ("transfers", lambda frame: frame.filter(~_SETTLEMENT), "every trade is settled"),
    ("trades", lambda frame: frame.filter(pl.int_range(pl.len()) > 0), "every settlement"),
    ("trades", _more("quantity"), "daily volumes"),
    ("market_days", _more("high"), "open, high, low"),
    ("market_days", _more("previous_close"), "previous close is the close before"),
    ("trades", _times("price", 2), "listed prices"),
    ("trades", _times("quantity", 1_000), "listed trades are below"),
    ("trades", _times("quantity", 1_000), "nobody sells"),
    ("orders", lambda frame: frame.filter(pl.col("event") != "new"), "every order begins"),
    ("orders", lambda frame: frame.with_columns(quantity=pl.lit(1, pl.Int64)), "orders fill"),
    ("trades", lambda frame: frame.with_columns(buy_account_id="sell_account_id"), "trades with itself"),
    ("compliance", _more("surrendered"), "surrendered quantities"),
    ("transfers", _more("quantity", _REISSUED), "carry-over"),
    ("auction_bids", _more("awarded"), "auctions award"),
    ("offset_issuances", _more("quantity"), "credits issued"),
]


@pytest.mark.parametrize(("table", "change", "words"), BREAKS, ids=[words for *_, words in BREAKS])
def test_each_identity_notices(clean_market, tmp_path, table, change, words):
    source = tmp_path / "market"
    source.mkdir()
    for entry in clean_market.report.out.iterdir():
        if entry.stem != table:
            (source / entry.name).symlink_to(entry)
        elif entry.is_dir():
            shutil.copytree(entry, source / table)
        else:
            shutil.copy(entry, source)
    folder = source / table
    for path in folder.glob("*.parquet") if folder.is_dir() else [source / f"{table}.parquet"]:
        frame = pl.read_parquet(path)
        change(frame).select(pl.col(name).cast(kind) for name, kind in frame.schema.items()).write_parquet(
            path
        )
    (meant,) = [what for what in IDENTITIES if words in what]
    assert meant in {one.what for one in identities(source) if one.broken}


def test_a_break_is_shown_for_every_identity():
    shown = {what for what in IDENTITIES for *_, words in BREAKS if words in what}
    assert shown == set(IDENTITIES)
