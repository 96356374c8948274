"""Results of parts of a search are reused while their rows are the same, and change no finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.market import Market
from anomaly.core.parts import Parts
from anomaly.core.policy import Policy, load_policy
from anomaly.core.reuse import Earlier, Kept, ReadMarts
from anomaly.core.run import Detection, detect
from anomaly.detectors.manipulation.wash_trade import meetings
from pipelines.core.files import file_digest
from tests.anomaly.detectors.test_wash_trade import START, book, closed_set, frame

LAST = START + timedelta(days=70)


@pytest.fixture
def earlier(tmp_path: Path) -> Earlier:
    return Earlier(tmp_path / "findings", "program", file_digest)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Weeks of each stretch in which sets are searched."""
    lengths: list[int] = []

    class Counted(meetings.Span):
        def __init__(self, weeks):
            lengths.append(len(weeks))
            super().__init__(weeks)

    monkeypatch.setattr(meetings, "Span", Counted)
    return lengths


def market() -> pl.DataFrame:
    """Ten weeks of a book in which one set closes."""
    rows = book(count=900, accounts=40, days=70)
    return frame(
        [row for row in rows if row[0] < LAST] + closed_set(["W0", "W1"], 12, START + timedelta(days=20))
    )


def one_more_day(trades: pl.DataFrame) -> pl.DataFrame:
    day = frame([(LAST + timedelta(hours=n), "N001", f"N{n:03}", 300) for n in range(2, 8)])
    return pl.concat([trades, day.with_columns(trade_id=pl.format("D{}", "trade_id"))])


def corrected(trades: pl.DataFrame) -> pl.DataFrame:
    """One trade of the closed set has another buyer, and one another quantity."""
    place = trades.with_row_index("place").filter(pl.col("sell_account_id") == "W0")["place"]
    row = pl.int_range(pl.len())
    return trades.with_columns(
        buy_account_id=pl.when(row == place[0]).then(pl.lit("N007")).otherwise("buy_account_id"),
        quantity_tco2e=pl.when(row == place[1]).then(9_999).otherwise("quantity_tco2e"),
    )


def with_new_account(trades: pl.DataFrame) -> pl.DataFrame:
    """An account that stands before all others in their order, so that these have other places."""
    row = frame([(START + timedelta(days=40), "A000", "N001", 100)]).with_columns(trade_id=pl.lit("A"))
    return pl.concat([trades, row])


def of_one_party(trades: pl.DataFrame) -> pl.DataFrame:
    """Two accounts have one controller from the fifth week on."""
    sides = ("sell", "buy")
    is_late = pl.col("traded_at") >= START + timedelta(weeks=4)
    return trades.with_columns(
        pl.when(is_late & pl.col(f"{side}_account_id").is_in(["N001", "N002"]))
        .then(pl.lit("GROUP"))
        .otherwise(f"{side}_party_id")
        .alias(f"{side}_party_id")
        for side in sides
    ).with_columns(is_same_party=pl.col("sell_party_id") == pl.col("buy_party_id"))


def run(marts: Path, trades: pl.DataFrame, policy: Policy, earlier: Earlier | None) -> Detection:
    marts.mkdir(exist_ok=True)
    trades.write_parquet(marts / "fct_trades.parquet")
    return detect(marts, policy=policy, market=Market(), kinds=["wash_trade"], earlier=earlier)


def with_threshold(policy: Policy, name: str, value: float) -> Policy:
    detector = policy.detectors["wash_trade"]
    thresholds = {**detector.thresholds, name: detector.thresholds[name].model_copy(update={"value": value})}
    changed = detector.model_copy(update={"thresholds": thresholds})
    return policy.model_copy(update={"detectors": {**policy.detectors, "wash_trade": changed}})


@pytest.mark.parametrize("change", [one_more_day, corrected, with_new_account, of_one_party])
def test_a_change_gives_what_a_run_from_nothing_gives(
    tmp_path: Path, earlier: Earlier, change: Callable[[pl.DataFrame], pl.DataFrame]
):
    policy, trades = load_policy(), market()
    first = run(tmp_path / "marts", trades, policy, earlier)
    assert first.alerts["subject_ids"].to_list() == [["W0", "W1"]]
    incremental = run(tmp_path / "marts", change(trades), policy, earlier)
    anew = run(tmp_path / "marts", change(trades), policy, None)
    for name in ("alerts", "evidence", "candidates"):
        assert getattr(incremental, name).equals(getattr(anew, name)), name


def test_one_more_day_is_searched_in_its_weeks_alone(tmp_path: Path, earlier: Earlier, searched: list[int]):
    policy, trades = load_policy(), market()
    run(tmp_path / "marts", trades, policy, earlier)
    assert len(searched) > 20
    searched.clear()
    run(tmp_path / "marts", one_more_day(trades), policy, earlier)
    assert sorted(searched) == [1, 2, 4]


def test_a_changed_threshold_is_searched_anew(tmp_path: Path, earlier: Earlier, searched: list[int]):
    policy, trades = load_policy(), market()
    run(tmp_path / "marts", trades, policy, earlier)
    searched.clear()
    stricter = with_threshold(policy, "least_meetings", 5.0)
    incremental = run(tmp_path / "marts", one_more_day(trades), stricter, earlier)
    assert len(searched) > 20
    anew = run(tmp_path / "marts", one_more_day(trades), stricter, None)
    assert incremental.alerts.equals(anew.alerts)


def test_a_part_is_computed_once_for_its_key():
    made: list[str] = []

    def make(name: str) -> Callable[[], tuple[str, float]]:
        return lambda: (made.append(name) or name, 1 / 3)

    first = Parts()
    assert first.once(["a"], make("a")) == first.once(["a"], make("a")) == ["a", 1 / 3]
    again = Parts(first.used)
    assert again.once(["a"], make("a")) == ["a", 1 / 3]
    assert again.once(["b"], make("b")) == ["b", 1 / 3]
    assert made == ["a", "b"] and len(again.used) == 2


def test_parts_of_another_program_and_damaged_ones_are_not_used(tmp_path: Path, earlier: Earlier):
    parts = Parts()
    parts.once(["a"], lambda: 1)
    earlier.keep("wash_trade", Kept(pl.DataFrame(), 0), ReadMarts(tmp_path), None, parts)
    assert earlier.parts("wash_trade").once(["a"], lambda: 2) == 1
    assert replace(earlier, program="other").parts("wash_trade").once(["a"], lambda: 2) == 2
    (path,) = earlier.folder.glob("*.parts.json")
    path.write_text(path.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert earlier.parts("wash_trade").once(["a"], lambda: 2) == 2
