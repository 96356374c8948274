"""Standard words only: none of the metaphors and invented terms that the project has replaced comes back.

Everything that people read is searched: code with names and comments, SQL, YAML, texts, documents. Quotations
of law (seeds) and the licence are not ours to word. A legitimate use of a word is listed in `LEGITIMATE`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".md", ".toml", ".css", ".cfg", ".ini", ".sh", ".svg", ".mk", ""}
NOT_OURS = ("LICENSE", "dbt_project/seeds/", "requirements/", "docs/images/", "tests/test_wording.py")

# Word that is not used -> what is said instead. A word is bounded by anything but letters, so that names
# made of several words are searched too.
REPLACED = {
    r"doors?": "ingestion gate, publication gate",
    r"(said|says) no": "the gate refused",
    r"rooms?": "package, module, layer; what may still be sold; space",
    r"houses?|house's": "project, package",
    r"walls?": "boundary, layer",
    r"(a|the|its|their|each|same|every) prints?|prints? of": "fingerprint, content hash",
    r"touch(ed|es|ing)?": "changed, affected, adjacent",
    r"set(s|ting)? aside": "quarantined, superseded, kept",
    r"becom(e|es|ing) of|became of": "kept, superseded, quarantined; the outcome",
    r"(leads?|leading|led) nowhere": "orphan reference",
    r"contest(s|ed|ing)?": "duplicate key",
    r"grave(r|st)?": "highest severity",
    r"day to look from|looks? from|looked from": "as-of date",
    r"(hold|holds|held|holding)( \w+){0,4} against": "compare with",
    r"shares? of (the |a )?medians?": "scaled MAD",
    r"told|tells?|telling|retold": "states, reports, identifies, separates",
    r"tapes?": "records",
    r"cast(s|ing)? (of|parts?|accounts|actors)|casting": "selection",
    r"diary|diaries": "calendar, reserved days",
}
LEGITIMATE = (
    r"wall[ _-](clock|time|seconds|s(?![a-z]))|wall /",
    r"share of the median of (other|the) periods",
    r"\.touch\(|@touch\b|\btouch \$",  # the file system's word
    r"_untouched\b",
)
PLACES = re.compile(r"(?<![\w.])/(work|home|root|Users)/[A-Za-z]")


def _texts() -> dict[str, str]:
    """Tracked file -> its text, of all files that people read."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.split("\0") if name and not name.startswith(NOT_OURS)]
    return {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in names
        if (ROOT / name).is_file() and Path(name).suffix in SUFFIXES
    }


def _found(pattern: str, text: str) -> list[tuple[int, str]]:
    """Line number and line of every use of a replaced word."""
    word = re.compile(rf"(?<![a-z])({pattern})(?![a-z])", re.IGNORECASE)
    allowed = re.compile("|".join(LEGITIMATE), re.IGNORECASE)
    lines = enumerate(text.splitlines(), start=1)
    return [(number, line.strip()) for number, line in lines if word.search(allowed.sub(" ", line))]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return _texts()


@pytest.mark.parametrize("pattern", REPLACED)
def test_replaced_words_do_not_come_back(pattern, texts):
    uses = [
        f"{name}:{number}: {line[:120]}"
        for name, text in texts.items()
        for number, line in _found(pattern, text)
    ]
    assert not uses, f"say {REPLACED[pattern]} instead:\n" + "\n".join(uses)


def test_no_path_of_a_machine(texts):
    wrong = [
        f"{name}: {match[0]}" for name, text in texts.items() for match in [PLACES.search(text)] if match
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("The rows that were set aside", True),
        ("def _touched_periods():", True),
        ("checked at the door", True),
        ("held strictly against the labels", True),
        ("the boardroom of a doorbell maker", False),
        ("(tmp_path / 'x').touch()", False),
        ("wall-clock seconds", False),
        ("print(fingerprint)", False),
    ],
)
def test_the_search_finds_words_and_names(text, is_found):
    assert any(_found(pattern, text) for pattern in REPLACED) == is_found
