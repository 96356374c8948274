"""Published bytes as rows: encodings, fields, damaged lines, headings."""

from __future__ import annotations

import io

import polars as pl
import pytest

from pipelines.core.errors import SourceError
from pipelines.sources.text import delimited, encoding, headings
from pipelines.sources.text.files import Published
from pipelines.sources.text.rows import Malformed, Row
from pipelines.sources.text.sheets import sheets

CHINESE = "日期,成交量\n2023/1/3,70000\n数据来源：示例终端,\n"
LATIN = "id,name\n1,Müller & Söhne\n2,Société Générale\n"


def cut(text, width=None, delimiter=","):
    lines = delimited.Lines(delimited.numbered_lines(io.StringIO(text, newline="")))
    return [
        (row.number, row.fields if isinstance(row, Row) else row.text)
        for row in delimited.rows(lines, delimiter, width)
    ]


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (b"id\n1\n", "utf-8-sig"),
        (CHINESE.encode("utf-8-sig"), "utf-8-sig"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (b"id\n1\n".decode().encode("utf-16-le"), "utf-16-le"),
        (b"id\n1\n".decode().encode("utf-16-be"), "utf-16-be"),
        (CHINESE.encode("gb18030"), "gb18030"),
        (LATIN.encode("cp1252"), "cp1252"),
        (LATIN.encode() * 9 + b"3,dama\xffged\n", "utf-8-sig"),
    ],
)
def test_encodings_are_recognised_by_their_bytes(content, codec):
    assert encoding.detect(io.BytesIO(content), "file.csv").codec == codec


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b"PK\x03\x04" + b"\0" * 40, "zero bytes"),
        (b"a,b\n\x81\x30,\xff\xff\n\xfe,\x90\n", "line 2 is the first that is no UTF-8"),
    ],
)
def test_bytes_of_no_single_encoding_are_refused_with_the_place(content, words):
    with pytest.raises(SourceError, match=words):
        encoding.detect(io.BytesIO(content), "file.csv")


def test_an_encoding_that_is_stated_has_to_exist():
    assert encoding.stated("GB18030") == "gb18030"
    assert encoding.stated("utf8") == "utf-8-sig"
    with pytest.raises(SourceError, match="found 'klingon'"):
        encoding.stated("klingon")


@pytest.mark.parametrize("block", [1, 3, 8, 64])
def test_the_damaged_line_is_counted_right_across_blocks(monkeypatch, block):
    monkeypatch.setattr(encoding, "_BLOCK_BYTES", block)
    content = b"a,b\nplain,1\n\n\x81\x30,\xff\xff\n"
    with pytest.raises(SourceError, match="line 4 is the first"):
        encoding.detect(io.BytesIO(content), "file.csv")


def test_fields_quotes_and_line_numbers():
    text = 'a,b\r\n"x, y","line\nend"\r\n\r\n5" pipe,""""\r\nlast,1'
    assert cut(text, 2) == [
        (1, ["a", "b"]),
        (2, ["x, y", "line\nend"]),
        (5, ['5" pipe', '"']),
        (6, ["last", "1"]),
    ]


def test_rows_of_another_width_are_malformed():
    assert cut("a,b\n1\n1,2,3\n1,2\n", 2) == [
        (1, ["a", "b"]),
        (2, "1"),
        (3, "1,2,3"),
        (4, ["1", "2"]),
    ]


@pytest.mark.parametrize("line", ['"open,1', 'x,"open', '"a"",1'])
def test_a_quote_that_is_never_closed_costs_its_own_line_alone(line):
    rows = cut("a,b\n" + line + "\n" + "1,2\n" * 300, 2)
    assert rows[1] == (2, line)
    assert rows[2:] == [(number, ["1", "2"]) for number in range(3, 303)]


def test_a_quote_closed_by_chance_far_below_costs_one_line():
    rows = cut('a,b\n"open,1\n1,2\nx,"y"\n3,4\n', 2)
    assert [row for row in rows if isinstance(row[1], str)] == [(2, '"open,1')]
    assert len(rows) == 5


def test_bytes_that_cannot_be_decoded_are_shown_escaped():
    text = io.TextIOWrapper(io.BytesIO(b"1,\xff\n"), "utf-8", errors=encoding.escaping(), newline="")
    (row,) = delimited.rows(delimited.Lines(delimited.numbered_lines(text)), ",")
    assert row == Malformed(1, "1,\\udcff")


@pytest.mark.parametrize(
    ("content", "codec"),
    [(b"a,b\n1,\x81\x20\n", "gb18030"), ("a,b\n1,2\n".encode("utf-16-le")[:-1], "utf-16-le")],
)
def test_broken_two_byte_encodings_are_malformed_lines(content, codec):
    text = io.TextIOWrapper(io.BytesIO(content), codec, errors=encoding.escaping(), newline="")
    assert [type(row) for row in delimited.rows(delimited.Lines(delimited.numbered_lines(text)), ",")] == [
        Row,
        Malformed,
    ]


def test_a_line_beyond_the_limit_is_malformed_and_cut(monkeypatch):
    monkeypatch.setattr(delimited, "LINE_LIMIT_CHARACTERS", 20)
    rows = cut("a,b\n" + "x" * 100 + ",1\n1,2\n", 2)
    assert rows == [(1, ["a", "b"]), (2, "x" * 20), (3, ["1", "2"])]


def layout(tmp_path, content, required, **options):
    path = tmp_path / "table.csv"
    path.write_bytes(content.encode())
    (sheet,) = sheets(Published(path))
    return headings.find(sheet, headings.Wanted({name: (name,) for name in required}, **options))


def test_headings_are_found_below_other_lines_and_in_other_spellings(tmp_path):
    found = layout(
        tmp_path, 'Title,,\n\n,"Report\n Year",ＡＲＢ　ＩＤ\nx,2022,7\n', ["report year", "ARB ID"]
    )
    assert (found.heading.number, found.places) == (3, {"report year": 1, "ARB ID": 2})
    assert [row.fields for row in found.rows()] == [["x", "2022", "7"]]


def test_further_heading_lines_blank_rows_and_closing_lines_are_no_data(tmp_path):
    text = "date,close\n频率,日\n单位,元/吨\n2023/1/3,59\n,\nSource: exchange,\nSource: mine,60\n"
    found = layout(tmp_path, text, ["date", "close"], further=("^频率$",), unit_row="^单位$")
    assert [row.fields for row in found.rows()] == [["2023/1/3", "59"], ["Source: mine", "60"]]
    assert found.unit_row.fields == ["单位", "元/吨"]
    assert found.left_out == ["table: line 6 is no data: Source: exchange"]


def test_without_its_headings_the_closest_line_is_returned(tmp_path):
    assert layout(tmp_path, "Title\ndate;open\n1;2\n", ["date", "close"]) == ["date", "open"]


def test_a_wanted_heading_twice_is_refused_an_unwanted_one_is_not(tmp_path):
    assert layout(tmp_path, "a,b,b\n1,2,3\n", ["a"]).unused == ("b", "b")
    with pytest.raises(SourceError, match="'b' once in line 1, found it 2 times"):
        layout(tmp_path, "a,b,b\n1,2,3\n", ["a", "b"])


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda content: b"", "an empty file"),
        (lambda content: b"id,name\n1,x\n", "a file of another kind"),
        (lambda content: content[:-20], r"one that ends after [\d,]+ bytes without its footer"),
        (
            lambda content: content[:4] + bytes(len(content) - 12) + content[-8:],
            "one whose footer or pages are damaged",
        ),
        (lambda content: b"PARE" + content[4:-4] + b"PARE", "one that is encrypted"),
    ],
)
def test_a_file_that_is_no_whole_parquet_is_refused_in_words_of_ours(tmp_path, damage, found):
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"id": range(1000)}).write_parquet(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SourceError, match=f"expected a complete Parquet file, found {found}.*[Dd]eliver"):
        sheets(Published(path))
