"""Every code of a rule, pattern or statistic that code and policies name is defined."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.core.rules import Rules

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "codes.md"
CODE = re.compile(r"\b(?:[A-J]-\d{2}[a-z]?|E3)\b")
USED = {
    "anomaly": ("*.py", "*.yml"),
    "expectations": ("*.py", "*.yml"),
    "models": ("*.py",),
    "pipelines": ("*.py", "*.yml"),
    "dbt_project/models": ("*.sql",),
    "dbt_project/seeds": ("rule_*.csv",),
}


def defined() -> set[str]:
    """Codes with an article, or with a line in a table of the page."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first_cells = (line.split("|")[1] for line in lines if line.startswith("| "))
    return {code for cell in first_cells for code in CODE.findall(cell)} | set(Rules.load().articles)


def used() -> dict[str, set[str]]:
    """Codes by the file that names them."""
    return {
        str(path.relative_to(ROOT)): codes
        for folder, patterns in USED.items()
        for pattern in patterns
        for path in (ROOT / folder).rglob(pattern)
        if (codes := set(CODE.findall(path.read_text(encoding="utf-8"))))
    }


def test_every_code_is_defined():
    known = defined()
    unknown = {f"{file}: {code}" for file, codes in used().items() for code in codes - known}
    assert len(used()) > 50
    assert unknown == set()


def test_every_code_of_the_page_is_used():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = {cell for line in lines if line.startswith("| ") for cell in CODE.findall(line.split("|")[1])}
    named = {code for codes in used().values() for code in codes}
    assert table - named == set()
