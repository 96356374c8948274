"""Counts kept by file give the result of judging everything, whatever comes, changes or goes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.texts import with_folders
from expectations.memory import Memory
from expectations.parts import Group, Judgement, Parts, is_by_row, together
from expectations.policy import Market
from expectations.results import GateResult
from expectations.runner import MESSAGES, validate
from expectations.suite import Frame, between, total, unique

FRAME = Frame("ingestion", Market(), date(2025, 6, 30))
SUITE = FRAME.suite("trades", ["trade_id"], [between("price"), FRAME.not_after_as_of("ts_after_as_of", "ts")])
NO_BREACH = {"price": Judgement(True, 3, 1), "ts_after_as_of": Judgement(True, 3, 0)}


def judged(
    folder: Path, files: list[Path], memory: Memory | None, day: date = date(2025, 6, 30)
) -> GateResult:
    return validate(
        "ingestion",
        {"trades": files},
        market={"id": "cn", "currency": "CNY"},
        as_of=day,
        work_dir=folder / "work",
        describe=with_folders(MESSAGES).text,
        docs_dir=folder / "docs",
        memory=memory,
    )


def a_file(folder: Path, number: int, prices: list[float]) -> Path:
    path = folder / f"{number}.parquet"
    rows = {
        "trade_id": [f"T{number}-{row}" for row in range(len(prices))],
        "price": prices,
        "quantity": [100] * len(prices),
        "mode": ["listed"] * len(prices),
        "ts": [datetime(2025, 3, 3, 2)] * len(prices),
        "buy_account_id": ["A1"] * len(prices),
        "sell_account_id": ["A2"] * len(prices),
    }
    pl.DataFrame(rows).write_parquet(path)
    return path


def test_any_order_of_new_and_withdrawn_files_equals_judging_everything(tmp_path):
    chosen = random.Random(2)
    files = [a_file(tmp_path, n, [chosen.choice([-5.0, 70.0, 71.0]) for _ in range(4)]) for n in range(5)]
    memory = Memory(tmp_path / "memory", {}, "program", attrgetter("name"))
    present: list[Path] = files[2:3]
    for step in ("add", "withdraw", "add"):
        if step == "add":
            present = [*present, chosen.choice([path for path in files if path not in present])]
        else:
            present = [path for path in present if path != chosen.choice(present)]
        assert judged(tmp_path, present, memory) == judged(tmp_path / "whole", present, None)


def test_only_new_files_are_read_and_their_page_says_so(tmp_path):
    memory = Memory(tmp_path / "memory", {}, "program", attrgetter("name"))
    first, second = (a_file(tmp_path, number, [70.0, -5.0]) for number in range(2))
    judged(tmp_path, [first], memory)
    page = tmp_path / "docs" / "suites" / "trades.html"
    assert "new in this run" not in page.read_text(encoding="utf-8")
    first.write_bytes(second.read_bytes())  # what was judged is not looked at again
    result = judged(tmp_path, [first, second], memory)
    (price,) = [row for row in result.results if row.expectation == "price"]
    assert (price.element_count, price.unexpected_count) == (4, 2)
    assert "trade_id=T0-1" in price.observed and "trade_id=T1-1" in price.observed
    assert "new in this run" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("limit", "late", "holds"),
    [
        ("2025-07-02", 0, True),
        ("2025-07-02", 2, True),
        ("2025-07-03", 0, True),
        ("2025-07-03", 2, False),
        ("2025-07-01", 0, False),
    ],
)
def test_a_later_as_of_date_admits_more_and_an_earlier_one_is_judged_anew(limit, late, holds):
    found = {"ts_after_as_of": Judgement(not late, 3, late)}
    group = Group(frozenset({"a"}), found, {"ts_after_as_of": "2025-07-02"})
    assert group.holds(frozenset({"a", "b"}), {"ts_after_as_of": limit}) is holds


def test_a_group_of_which_a_file_is_gone_counts_no_more(tmp_path):
    parts = Parts(tmp_path, "program", attrgetter("name"))
    parts.keep(SUITE, [], [Path("a"), Path("b")], NO_BREACH)
    assert parts.earlier(SUITE, [Path("a"), Path("c")]) == ([], [Path("a"), Path("c")])
    groups, left = parts.earlier(SUITE, [Path("a"), Path("b"), Path("c")])
    assert [group.files for group in groups] == [{"a", "b"}] and left == [Path("c")]
    assert (
        Parts(tmp_path, "another", attrgetter("name")).earlier(SUITE, [Path("a"), Path("b"), Path("c")])[0]
        == []
    )


def test_a_check_of_a_column_as_a_whole_or_of_several_rows_is_not_put_together():
    assert is_by_row(SUITE)
    for check in (total("rows_in_all", "row_count"), unique("key", ["trade_id"])):
        assert not is_by_row(replace(SUITE, checks=(replace(SUITE.checks[0], expect=check),)))
    assert not is_by_row(FRAME.suite("trades", ["trade_id"], [between("price")], rows="select 1"))


def test_sums_keep_the_first_breaches_by_key_and_apply_the_share_to_all_rows():
    def part(*keys: str) -> dict[str, Judgement]:
        samples = tuple(((key,), f"trade_id={key}") for key in keys)
        return {
            "price": Judgement(False, 10, len(keys), None, samples),
            "ts_after_as_of": Judgement(True, 10, 0),
        }

    price = together(SUITE, [part("T5", "T9"), part("T1", "T7")])["price"]
    assert (price.values, price.unexpected) == (20, 4)
    assert [key for (key,), _ in price.samples] == ["T1", "T5", "T7"]
    assert price.success is (SUITE.checks[0].bound.mostly <= 0.8)
