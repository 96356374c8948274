"""The command `rules`: the rules in force on a day, as known on a day; it needs no home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import typer

from pipelines.cli.console import Format, print_rows, print_table, say
from pipelines.core.errors import UsageError
from pipelines.core.rules import Rule, Rules

COLUMNS = (
    "table",
    "rule_id",
    "keys",
    "values",
    "valid_from",
    "valid_to",
    "applies_by",
    "known_from",
    "status",
    "verified",
    "is_verified",
    "title_zh",
    "title_en",
    "document_zh",
    "document_en",
    "article",
    "note",
)


def rows(rules: Rules, as_of: date, known_at: date | None, market: str | None) -> Iterator[dict[str, Any]]:
    """The rows that held, with the article and document behind each; keys and values are mappings."""
    for table in rules.rows:
        for rule in rules.held(table, as_of, known_at):
            if market is None or rule.keys["market"] == market:
                yield _row(rules, rule)


def _row(rules: Rules, rule: Rule) -> dict[str, Any]:
    article = rules.articles[rule.rule_id]
    document = rules.documents[article["document_id"]]
    return {
        "table": rule.table,
        "rule_id": rule.rule_id,
        "keys": dict(rule.keys),
        "values": {name: value for name, value in rule.values.items() if value is not None},
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "applies_by": rule.applies_by,
        "known_from": rule.known_from,
        "status": rule.status,
        "verified": article["verified"],
        "is_verified": rules.is_verified(rule),
        "title_zh": article["title_zh"],
        "title_en": article["title_en"],
        "document_zh": document["title_zh"],
        "document_en": document["title_en"],
        "article": article["article"],
        "note": rule.note,
    }


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: expected a day as YYYY-MM-DD, found {text!r}") from error


def _print(found: list[dict[str, Any]]) -> None:
    def joined(values: dict[str, str]) -> str:
        return ", ".join(f"{name} {value}" for name, value in values.items())

    print_table(
        ("rule", "for", "says", "from", "to", "by", "known", "status", "title"),
        (
            (
                row["rule_id"],
                joined({"": row["table"].removeprefix("rule_"), **row["keys"]}).strip(),
                joined(row["values"]),
                row["valid_from"],
                row["valid_to"],
                row["applies_by"],
                row["known_from"],
                row["status"] if row["is_verified"] else f"{row['status']}, not verified ({row['verified']})",
                f"{row['title_zh']} / {row['title_en']}",
            )
            for row in found
        ),
    )
    say(f"{len(found):,} rules. --format json gives documents, articles and notes.")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def rules(
        as_of: Annotated[str | None, typer.Option(help="day that is asked for; none: today")] = None,
        known_at: Annotated[str | None, typer.Option(help="only what was known on this day")] = None,
        market: Annotated[str | None, typer.Option(help="market id; none: all")] = None,
        form: Annotated[Format, typer.Option("--format", help="how to print")] = Format.table,
    ) -> None:
        """Print the rules in force on a day.

        It is the day of an act, a due date or a decision, or lies in the report year, as applies_by says.
        """
        day = _day("--as-of", as_of) or date.today()
        on_file = Rules.load()
        markets = sorted({rule.keys["market"] for held in on_file.rows.values() for rule in held})
        if market is not None and market not in markets:
            raise UsageError(f"--market: expected one of {', '.join(markets)}; found {market!r}")
        found = list(rows(on_file, day, _day("--known-at", known_at), market))
        if form is Format.table:
            _print(found)
        else:
            print_rows(COLUMNS, [[row[name] for name in COLUMNS] for row in found], form)
