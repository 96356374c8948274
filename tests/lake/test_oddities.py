"""Harmless oddities of a delivery stop no day, and each is named."""

from __future__ import annotations

import gzip
from datetime import date

import polars as pl
import pytest

from pipelines.lake.deliveries import record_deliveries
from tests.lake.conftest import SOUND

TRADES = SOUND["trades"]
HEADER, FIRST, *OTHERS = TRADES.splitlines()


def recorded(delivery) -> dict[str, dict[str, object]]:
    record_deliveries(delivery.lake, date(2025, 3, 1))
    rows = pl.read_parquet(delivery.lake / "handover" / "deliveries.parquet")
    return {row["file"]: row for row in rows.to_dicts()}


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        (TRADES.replace("\n", "\n\n"), 0),
        ("\n \n" + TRADES, 0),
        (TRADES.replace("\n", "\r\n") + ",,,,,,,\r\n" * 200, 200),
        ("\n".join([HEADER, "   ", FIRST, ' , ,"",,\u3000,,,', *OTHERS, '" ",\t,,,,,,']) + "\n", 3),
    ],
    ids=["between rows", "before the heading", "separators of a worksheet's empty rows", "blanks in fields"],
)
def test_blank_lines_are_no_rows(delivery, accounted, text, blank):
    delivery.write("trades.csv", text)
    summary = delivery.update()
    accounted(summary)
    assert (summary.tables["trades"].rows_in, summary.tables["trades"].kept) == (3, 3)
    assert recorded(delivery)["trades.csv"]["blank_lines"] == blank


def test_rows_keep_their_place_among_blank_lines(delivery):
    delivery.write("trades.csv", "\n".join([HEADER, ",,,,,,,", FIRST, ",,,,,,,", "T9,,,,,,,"]) + "\n")
    delivery.update()
    fault = delivery.quarantine().row(0, named=True)
    assert (fault["reason"], fault["row_number"]) == ("missing_value", 4)


def test_a_line_with_something_in_an_unknown_column_is_a_row(delivery):
    delivery.write("trades.csv", f"{HEADER},remark\n{FIRST},\n,,,,,,,,source: exchange\n")
    assert delivery.update().tables["trades"].quarantined == 1


@pytest.mark.parametrize("form", ["csv", "csv.gz", "another order", "parquet"])
def test_a_copy_counts_once_and_is_named(delivery, accounted, form):
    (delivery.source / "trades.csv").unlink()
    delivery.write("trades/a.csv", TRADES)
    name = "trades/b." + {"another order": "csv"}.get(form, form)
    if form == "csv":
        delivery.write(name, TRADES)
    elif form == "csv.gz":
        delivery.write(name, gzip.compress(TRADES.encode()))
    elif form == "another order":
        delivery.write(name, "\n".join([HEADER, *reversed(OTHERS), FIRST]) + "\n")
    else:
        pl.read_csv(TRADES.encode(), infer_schema=False).write_parquet(delivery.source / name)
    summary = delivery.update()
    accounted(summary)
    assert (summary.tables["trades"].kept, summary.tables["trades"].quarantined) == (3, 0)
    found = recorded(delivery)
    assert (found[name]["status"], found[name]["copy_of"]) == ("copy", "trades/a.csv")
    assert found["trades/a.csv"]["copy_of"] is None


def test_a_copy_takes_the_place_of_its_withdrawn_original(delivery, accounted):
    (delivery.source / "trades.csv").unlink()
    first = delivery.write("trades/a.csv", TRADES)
    delivery.write("trades/b.csv", TRADES)
    delivery.update()
    first.unlink()
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["trades"].kept == 3
    assert recorded(delivery)["trades/b.csv"]["status"] == "in_force"


def test_an_original_that_is_corrected_contradicts_its_former_copy(delivery, accounted):
    """What was a copy states something else than its original from then on, in one run with it."""
    (delivery.source / "trades.csv").unlink()
    delivery.write("trades/a.csv", TRADES)
    delivery.write("trades/b.csv", TRADES)
    delivery.update()
    delivery.write("trades/a.csv", TRADES.replace("95.10", "95.20"))
    summary = delivery.update()
    accounted(summary)
    assert ("trades", "contradiction") in delivery.reasons()


def test_a_later_file_of_earlier_content_restores_it(delivery):
    (delivery.source / "trades.csv").unlink()
    delivery.write("trades/a.csv", TRADES)
    delivery.update()
    delivery.write("trades/b.csv", TRADES.replace("95.10", "99.90"))
    delivery.update()
    delivery.write("trades/c.csv", TRADES)
    delivery.update()
    assert str(delivery.kept("trades").filter(trade_id="T1")["price"][0]) == "95.10"
    assert recorded(delivery)["trades/c.csv"]["status"] == "in_force"


@pytest.mark.parametrize("sides", [("A1", ""), ("", "A2"), ("", "")])
def test_a_trade_of_which_sides_are_not_named_is_kept(delivery, accounted, sides):
    delivery.add_row("trades", f"T4,2025-02-08T09:33:00+08:00,CEA24,listed,90.00,5,{','.join(sides)}")
    summary = delivery.update()
    accounted(summary)
    row = delivery.kept("trades").filter(trade_id="T4").row(0, named=True)
    assert (row["buy_account_id"] or "", row["sell_account_id"] or "") == sides
