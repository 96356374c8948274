"""Verdicts are reused only where nothing that makes them has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expectations.memory import Memory
from expectations.results import QualityResult
from expectations.suite import Suite

TABLES = frozenset({"trades", "orders", "accounts"})
SUITE = Suite(gate="ingestion", name="trades", table="trades", key=("trade_id",), checks=(), also=("orders",))
ROW = QualityResult(
    gate="ingestion", table_name="trades", expectation="positive", column_name="price", severity="critical",
    success=True, observed="0", expected="> 0", unexpected_count=0, element_count=3, rule_ref=None,
    description_zh="正数", description_en="positive", why_zh="理由", why_en="reason", position=4,
)  # fmt: skip


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A memory that holds one verdict."""
    made = Memory(tmp_path / "memory", {"trades": "1", "orders": "1"}, program="a")
    (tmp_path / "page.html").write_text("<html></html>")
    made.keep(SUITE, TABLES, [ROW], tmp_path / "page.html")
    return made


def test_a_verdict_is_recalled_with_its_page_and_without_its_position(memory):
    (row,) = memory.recall(SUITE, TABLES)
    assert row == {name: value for name, value in vars(ROW).items() if name != "position"}
    assert memory.page("trades").is_file()


@pytest.mark.parametrize(
    "changed",
    [
        {"versions": {"trades": "2", "orders": "1"}},
        {"versions": {"trades": "1", "orders": "2"}},
        {"versions": {"trades": "1"}},
        {"program": "b"},
    ],
)
def test_another_version_of_a_table_or_of_the_program_recalls_nothing(memory, changed):
    assert replace(memory, **changed).recall(SUITE, TABLES) is None


def test_another_query_recalls_nothing_and_a_table_it_names_counts(memory):
    other = replace(SUITE, rows="select * from trades join accounts using (account_id)")
    assert memory.recall(other, TABLES) is None


def test_a_damaged_file_or_a_lost_page_recalls_nothing(memory):
    kept = memory.folder / "trades.json"
    whole = kept.read_text(encoding="utf-8")
    kept.write_text(whole[:-5], encoding="utf-8")
    assert memory.recall(SUITE, TABLES) is None
    kept.write_text(whole, encoding="utf-8")
    assert memory.recall(SUITE, TABLES)
    memory.page("trades").unlink()
    assert memory.recall(SUITE, TABLES) is None


def test_a_verdict_without_a_page_replaces_the_one_before_by_nothing(memory):
    memory.keep(SUITE, TABLES, [ROW], None)
    assert memory.recall(SUITE, TABLES) is None
