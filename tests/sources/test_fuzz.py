"""Damaged files of every format: a reading that accounts for every row, or an error that says what to do.

`CARBONWARDEN_FUZZ` is the number of inputs; `make fuzz` takes 20,000.
"""

from __future__ import annotations

import os
import random

import pytest

from pipelines.sources import SourceError, read
from pipelines.sources.text.rows import Malformed, Row
from tests.damage import damaged
from tests.faults import one_of_each
from tests.sources import mutations
from tests.sources.samples import SAMPLES

INPUTS = int(os.environ.get("CARBONWARDEN_FUZZ", "80"))


ENOUGH = 50 * len(mutations.INPUTS)
"""From so many inputs on, some of each format must be read and some refused."""


def form_of(name: str) -> str:
    """Whether a text, an archive of texts or a workbook is damaged."""
    return "text" if name in SAMPLES else name.partition(".")[2] or "archive"


@pytest.mark.parametrize("name", one_of_each({name: (name,) for name in mutations.INPUTS}, form_of))
def test_a_damaged_file_is_accounted_for_or_refused(name, tmp_path):
    ended = {"read": 0, "refused": 0}
    for seed in range(INPUTS // len(mutations.INPUTS)):
        format, path = mutations.write(random.Random(f"{name} {seed}"), name, tmp_path)
        try:
            report = read(format, path, tmp_path / "out")
        except SourceError as error:
            ended["refused"] += 1
            assert len(str(error)) > 60, f"{name} {seed}: {error}"
            continue
        ended["read"] += 1
        for line in report.rows():
            assert line.read == line.written + line.quarantined + line.without_data, f"{name} {seed}"
    assert min(ended.values()) > 0 or INPUTS < ENOUGH, f"{name}: damage is too weak or too strong: {ended}"


def test_every_line_of_a_damaged_text_is_a_row_or_malformed(tmp_path):
    """Without quotes a line is a row, so that lines can be counted by themselves."""
    from pipelines.sources.text import delimited

    for seed in range(INPUTS):
        content = damaged(random.Random(seed), SAMPLES["cea"]).replace(b'"', b"")
        text = content.decode("utf-8", "surrogateescape")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        rows = list(delimited.rows(delimited.Lines(numbered), ",", 9))
        assert [row.number for row in rows] == [number for number, _ in numbered], seed
        for row, (_, line) in zip(rows, numbered, strict=True):
            fits = line.count(",") == 8 and not any("\udc80" <= character <= "\udcff" for character in line)
            assert isinstance(row, Row if fits else Malformed), seed
