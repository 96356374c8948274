"""Findings that are reused equal those computed from nothing, and nothing is computed without need."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from anomaly.core.detector import Inputs
from anomaly.core.market import Market
from anomaly.core.reuse import Earlier
from anomaly.core.run import Detection, detect
from anomaly.core.texts import DETECTORS
from pipelines.core.files import file_digest
from tests.anomaly import obligations
from tests.anomaly.test_detect import compliance

KINDS = ["surrender_shortfall", "late_report"]
TODAY = Market(as_of=date(2025, 1, 31))


@pytest.fixture
def earlier(tmp_path: Path) -> Earlier:
    return Earlier(tmp_path / "findings", "program", file_digest)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Kinds of the detectors that ran, one entry a run of a detector."""
    ran: list[str] = []

    def note(detector, search, rows, inputs):
        ran.append(detector.kind)
        return find(detector, search, rows, inputs)

    find = detect.__globals__["findings"]
    monkeypatch.setitem(detect.__globals__, "findings", note)
    return ran


def deliver(marts: Path, entities: list[int], filings: int) -> None:
    """Two marts from some entities of compliance and some filings; nothing delivered is an absent mart."""
    marts.mkdir(exist_ok=True)
    frames = {
        "fct_compliance_years": compliance(6)[entities],
        "fct_report_obligations": obligations.filings().head(filings),
    }
    for name, frame in frames.items():
        path = marts / f"{name}.parquet"
        path.unlink(missing_ok=True)
        if frame.height:
            frame.write_parquet(path)


def assert_equal(one: Detection, other: Detection) -> None:
    for name in ("alerts", "evidence", "candidates", "coverage"):
        assert getattr(one, name).equals(getattr(other, name)), name
    assert one.runs.drop("seconds").equals(other.runs.drop("seconds"))


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_deliveries_corrections_and_removals_equals_a_run_from_nothing(tmp_path, earlier, seed):
    chosen = random.Random(seed)
    for _ in range(8):
        entities = chosen.sample(range(6), chosen.randint(0, 3))
        deliver(tmp_path / "marts", entities, chosen.randint(0, 3))
        incremental = detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
        assert_equal(incremental, detect(tmp_path / "marts", market=TODAY, kinds=KINDS))


def test_a_changed_mart_is_looked_at_again_by_its_detectors_alone(tmp_path, earlier, computed):
    deliver(tmp_path / "marts", [0, 1, 2], 3)
    detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    assert sorted(set(computed)) == sorted(KINDS)
    computed.clear()
    deliver(tmp_path / "marts", [0, 1, 2, 3], 3)
    detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    assert set(computed) == {"surrender_shortfall"}


def test_a_program_or_market_that_differs_reuses_nothing(tmp_path, earlier, computed):
    deliver(tmp_path / "marts", [0, 1, 2], 3)
    detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    computed.clear()
    detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=replace(earlier, program="another"))
    assert set(computed) == set(KINDS)


def test_another_as_of_date_concerns_only_detectors_that_ask_for_it(tmp_path, earlier, computed):
    deliver(tmp_path / "marts", [0, 1, 2], 3)
    detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    computed.clear()
    detect(tmp_path / "marts", market=Market(as_of=date(2025, 2, 1)), kinds=KINDS, earlier=earlier)
    assert set(computed) == {"surrender_shortfall"}


def test_a_broken_detector_leaves_nothing_to_reuse(tmp_path, earlier, computed, monkeypatch):
    deliver(tmp_path / "marts", [0, 1, 2], 3)
    with monkeypatch.context() as patch:
        patch.setattr(Inputs, "scan", lambda *_: 1 / 0)
        broken = detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    assert set(broken.runs["state"]) == {"broken"}
    computed.clear()
    detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    assert set(computed) == set(KINDS)


def test_kept_findings_that_cannot_be_read_are_computed_again(tmp_path, earlier):
    deliver(tmp_path / "marts", [0, 1, 2], 3)
    first = detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier)
    for path in earlier.folder.glob("*.parquet"):
        path.write_bytes(b"")
    for path in earlier.folder.glob("late_report.json"):
        path.write_text("{}", encoding="utf-8")
    assert_equal(first, detect(tmp_path / "marts", market=TODAY, kinds=KINDS, earlier=earlier))


def test_detectors_ask_their_inputs_for_the_as_of_date():
    """The date of the market itself would not be noted, and findings of another day would be reused."""
    asking = [path for path in DETECTORS.rglob("*.py") if "market.as_of" in path.read_text(encoding="utf-8")]
    assert asking == []
