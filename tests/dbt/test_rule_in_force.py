"""The macro that chooses the rule in force, run on DuckDB, and the reader in Python that does the same."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

import duckdb
import jinja2
import polars as pl
import pytest

from pipelines.core.rules import Rule, Rules

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"
START = date(2019, 1, 1)
ORDERED = ("sector", "valid_from", "known_from")


def sql(known_at: date | None = None, **arguments: object) -> str:
    """What the macro renders to for the market cn."""
    variables = {"market_id": "cn", "rules_known_at": known_at and known_at.isoformat()}
    given = {"var": variables.__getitem__, "ref": lambda name: name, "arguments": arguments}
    return macro().render(given)


@cache
def macro() -> jinja2.Template:
    """A call of the macro with `arguments`."""
    source = (MACROS / "rules.sql").read_text(encoding="utf-8") + "{{ rule_in_force(**arguments) }}"
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(source)


@cache
def database() -> duckdb.DuckDBPyConnection:
    """A database for all cases: opening one takes longer than asking it."""
    connection = duckdb.connect(config={"threads": 1})
    connection.sql("create table rule_articles (rule_id text, verified text)")
    return connection


def chosen(rules: pl.DataFrame, cases: pl.DataFrame, known_at: date | None = None) -> list[tuple]:
    """Rows of sector, day and value that the macro gives for the cases."""
    connection = database()
    connection.register("rules", rules)
    connection.register("cases", cases)
    statement = sql(
        known_at,
        cases="cases",
        case_columns=["sector", "day"],
        rules="rules",
        on_date="day",
        applies_by="act",
        general_keys=["sector"],
        values=["value"],
    )
    return sorted(connection.sql(f"select sector, day, value from ({statement})").fetchall())


def calendar(first: date, last: date, step: int = 1) -> list[date]:
    return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]


def some_day(draw: Random) -> date:
    return START + timedelta(days=draw.randint(0, 60))


def rule_row(draw: Random) -> dict[str, object]:
    """A row of values for sectors a, b or all, that holds for some days or without end."""
    since = some_day(draw)
    length = draw.choice([None, draw.randint(0, 30)])
    return {
        "rule_id": "R",
        "market": draw.choice(["cn", "cn", "cn", "eu"]),
        "sector": draw.choice(["a", "b", "all"]),
        "value": draw.randint(0, 10**9),
        "valid_from": since,
        "valid_to": None if length is None else since + timedelta(days=length),
        "applies_by": "act",
        "known_from": some_day(draw),
        "status": draw.choice(["in_force", "in_force", "stand_in", "expired", "draft"]),
    }


def rule_rows(draw: Random) -> list[dict[str, object]]:
    return distinct([rule_row(draw) for _ in range(draw.randint(0, 8))])


def distinct(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without the rows whose keys and dates an earlier row has, which the seeds' tests forbid."""
    return list({tuple(row[name] for name in ("market", *ORDERED)): row for row in reversed(rows)}.values())


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    dates = dict.fromkeys(("valid_from", "valid_to", "known_from"), pl.Date)
    texts = dict.fromkeys(("rule_id", "market", "sector", "applies_by", "status"), pl.String)
    return pl.DataFrame(rows, schema={**texts, **dates, "value": pl.Int64})


CASES = pl.DataFrame({"sector": ["a", "b"]}).join(
    pl.DataFrame({"day": calendar(START, START + timedelta(days=70))}), how="cross"
)


CALENDARS = pytest.mark.parametrize("draw", [Random(seed) for seed in range(40)], ids=range(40))


@CALENDARS
def test_the_macro_and_the_reader_choose_the_same_row(draw):
    rows, known_at = rule_rows(draw), draw.choice([None, some_day(draw)])
    rules = Rules(
        rows={
            "values": tuple(
                Rule(
                    table="values",
                    keys={"market": row["market"], "sector": row["sector"]},
                    values={"value": str(row["value"])},
                    note=None,
                    **{name: row[name] for name in ("rule_id", "applies_by", "status")},
                    **{name: row[name] for name in ("valid_from", "valid_to", "known_from")},
                )
                for row in rows
            )
        },
        articles={},
        documents={},
    )
    expected = []
    for sector, day in CASES.iter_rows():
        held = {r.keys["sector"]: r for r in rules.held("values", day, known_at) if r.keys["market"] == "cn"}
        rule = held.get(sector, held.get("all"))
        if rule is not None:
            expected.append((sector, day, int(rule.number())))
    assert chosen(frame(rows), CASES, known_at) == sorted(expected)


@CALENDARS
def test_a_row_of_the_future_changes_no_day_before_it(draw):
    rows, added = rule_rows(draw), rule_row(draw)
    later = distinct([*rows, added])
    before = [row for row in chosen(frame(rows), CASES) if row[1] < added["valid_from"]]
    assert [row for row in chosen(frame(later), CASES) if row[1] < added["valid_from"]] == before


@CALENDARS
def test_what_becomes_known_later_changes_nothing_that_was_known(draw):
    rows, known_at = rule_rows(draw), some_day(draw)
    added = {**rule_row(draw), "known_from": known_at + timedelta(days=1)}
    before = chosen(frame(rows), CASES, known_at)
    assert chosen(frame(distinct([*rows, added])), CASES, known_at) == before


def test_a_later_row_replaces_the_earlier_one_without_a_change_of_its_line():
    open_ended = {
        "rule_id": "R",
        "market": "cn",
        "sector": "all",
        "value": 1,
        "valid_from": START,
        "valid_to": None,
        "applies_by": "act",
        "known_from": START,
        "status": "in_force",
    }
    newer = {**open_ended, "value": 2, "valid_from": date(2019, 3, 1), "known_from": date(2019, 2, 1)}
    cases = pl.DataFrame({"sector": ["a", "a"], "day": [date(2019, 2, 28), date(2019, 3, 1)]})
    rows = frame([open_ended, newer])
    assert [value for *_, value in chosen(rows, cases)] == [1, 2]
    assert [value for *_, value in chosen(rows, cases, known_at=date(2019, 1, 31))] == [1, 1]


SEEDS = Rules.load()
SPANS = {
    (table, *rule.keys.values(), rule.applies_by): rule.keys
    for table, found in SEEDS.rows.items()
    if table != "rule_market_closures"
    for rule in found
    if rule.status != "draft"
}


@pytest.mark.parametrize("table", sorted({name for name, *_ in SPANS}))
def test_exactly_one_rule_applies_on_every_day_between_the_first_and_the_last(table):
    """Each value of a formula, over the first and last days of all months that its rows span."""
    for (name, *_), keys in SPANS.items():
        if name != table:
            continue
        rows = [rule for rule in SEEDS.spans(table, **keys) if rule.status != "draft"]
        first = min(rule.valid_from for rule in rows)
        last = max(rule.valid_to or date(2027, 12, 31) for rule in rows)
        edges = [day for day in calendar(first, last) if 1 in (day.day, (day + timedelta(days=1)).day)]
        for day in edges or [first]:
            applying = [rule for rule in rows if rule.holds_on(day)]
            latest = max((rule.valid_from, rule.known_from) for rule in applying)
            assert [(r.valid_from, r.known_from) for r in applying].count(latest) == 1, (keys, day)
            assert SEEDS.in_force(table, day, keys) in applying
