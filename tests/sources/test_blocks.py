"""Text that is read block by block gives the rows that reading line by line gives, in bounded memory."""

from __future__ import annotations

import io
import random
import tracemalloc

import pyarrow as pa
import pytest
import yaml

from pipelines.bench import reading
from pipelines.sources import read
from pipelines.sources.mapping import run
from pipelines.sources.text import blocks, delimited, encoding, headings
from pipelines.sources.text.files import Published
from pipelines.sources.text.rows import Columns, Row
from pipelines.sources.text.sheets import sheets

PIECES = (
    *("a", "7.5", " ", "\t", "é", "吨", "来源：", "\u2028", "\x1c", "\ufeff"),
    *('"', '""', ",", ",", ",", ",", "\n", "\n", "\n", "\r\n", "\r", '"x\ny"', "1,2,3\n", ",,\n", "\n\n"),
)


def by_lines(content, codec, width):
    text = io.TextIOWrapper(io.BytesIO(content), codec, errors=encoding.escaping(), newline="")
    return list(delimited.rows(delimited.Lines(delimited.numbered_lines(text)), ",", width))


def by_blocks(content, codec, width, block_bytes):
    found = list(blocks.blocks(io.BytesIO(content), codec, ",", width, block_bytes))
    rows = [row for block in found for row in (block.rows() if isinstance(block, Columns) else block)]
    return rows, sum(isinstance(block, Columns) for block in found)


@pytest.mark.parametrize("codec", blocks.CODECS)
def test_blocks_of_any_size_give_the_rows_of_single_lines(codec):
    chance = random.Random(codec)
    as_columns = 0
    for _ in range(300):
        text = "".join(chance.choices(PIECES, k=chance.randrange(40))) + "4,5,6\n" * chance.randrange(2, 6)
        content = bytearray(text.encode(codec, "ignore"))
        if content and chance.random() < 0.2:
            content[chance.randrange(len(content) - 8)] = chance.randrange(1, 256)
        found, columns = by_blocks(bytes(content), codec, 3, chance.choice((1, 2, 7, 30, 1000)))
        assert found == by_lines(bytes(content), codec, 3), bytes(content)
        as_columns += columns
    assert as_columns > 50


def test_a_line_beyond_the_limit_is_malformed_and_the_next_is_read(monkeypatch):
    monkeypatch.setattr(delimited, "LINE_LIMIT_CHARACTERS", 50)
    monkeypatch.setattr(blocks, "_LONGEST_BYTES", 200)
    content = b"1,2,3\n" + b"x" * 5000 + b"\n4,5,6\n"
    found, _ = by_blocks(content, encoding.UTF8, 3, 64)
    assert [(row.number, isinstance(row, Row)) for row in found] == [(1, True), (2, False), (3, True)]


def layout(path, *names):
    (sheet,) = sheets(Published(path))
    return headings.find(sheet, headings.Wanted(required={name: (name,) for name in names}))


def test_titles_blank_rows_and_closing_lines_are_no_data(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 32)
    path = tmp_path / "file.csv"
    rows = "".join(f"{n},x{n}\n" for n in range(100))
    path.write_text(f"A title,\nid,name\n{rows},\n ,late\n注册,7\n{rows}\u3000注 ：end,\n", encoding="utf-8")
    one, other = layout(path, "id", "name"), layout(path, "id", "name")
    found = [row for block in one.blocks() for row in (block.rows() if isinstance(block, Columns) else block)]
    assert found == list(other.rows())
    assert len(found) == 202
    assert one.left_out == other.left_out != []


def peak_bytes(path):
    """Most memory that Python and Arrow take while the file is read; `max_memory` of a pool only grows."""
    read = layout(path, "id", "name")
    tracemalloc.start()
    arrow = 0
    for block in read.blocks():
        arrow = max(arrow, pa.total_allocated_bytes())
        del block
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak + arrow


@pytest.mark.parametrize("line", ["{},name\n", '{},"name"\n'])
def test_memory_of_reading_a_text_does_not_depend_on_its_size(tmp_path, monkeypatch, line):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1 << 13)
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    for path, rows in ((small, 20_000), (large, 200_000)):
        path.write_text("id,name\n" + "".join(line.format(n) for n in range(1_000_000, 1_000_000 + rows)))
    # Objects that Python has not freed yet add a little; the rows of the large file take over 20 MB.
    assert peak_bytes(large) < 1.5 * peak_bytes(small) + (1 << 20)


def test_a_file_larger_than_the_memory_of_the_database_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "_MEMORY", "24MB")
    path, mapping = tmp_path / "hours.csv", tmp_path / "hours.yml"
    reading.write_csv(path, 120_000)
    mapping.write_text(yaml.safe_dump(reading.mapping()))
    report = read(str(mapping), path, tmp_path / "out")
    assert report.tables["cems_hourly"] == 120_000
