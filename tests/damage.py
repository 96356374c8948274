"""Seeded damage to the bytes of a file: bytes, lines, values, encodings.

Belongs here: the damage. Does not belong here: what is damaged (the samples of each package's tests).
"""

from __future__ import annotations

import random

_FRAGMENTS = (
    *(
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b'""',
        b"'",
        b";",
        b"\t",
        b"=cmd()",
        b"../..",
    ),
    *("，".encode(), "\u202e".encode(), "\u200b".encode(), "日".encode("gb18030")),
    *(b"1e400", b"-1", b"9" * 20, b"NaN", b"2023-02-30", b"0x10", b"1,234", b"1.234,5", b"31/12/2023"),
    *(b" " * 50, b"x" * 500, b"\n\n\n", b'"\n', b',"'),
)


def damaged(choose: random.Random, content: bytes) -> bytes:
    """`content` after a few random edits."""
    for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
        content = choose.choice(_EDITS)(choose, content)
    return content


def _insert(choose: random.Random, content: bytes) -> bytes:
    place = choose.randrange(len(content) + 1)
    return content[:place] + choose.choice(_FRAGMENTS) + content[place:]


def _overwrite(choose: random.Random, content: bytes) -> bytes:
    place = choose.randrange(len(content) + 1)
    return content[:place] + bytes([choose.randrange(256)]) + content[place + 1 :]


def _remove(choose: random.Random, content: bytes) -> bytes:
    place = choose.randrange(len(content) + 1)
    return content[:place] + content[place + choose.choice((1, 1, 2, 5, 40)) :]


def _cut(choose: random.Random, content: bytes) -> bytes:
    return content[: choose.randrange(len(content) + 1)]


def _repeat(choose: random.Random, content: bytes) -> bytes:
    first, last = sorted((choose.randrange(len(content) + 1), choose.randrange(len(content) + 1)))
    return content[:last] + content[first:last][:300] + content[last:]


def _lines(choose: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    if choose.random() < 0.5:
        choose.shuffle(lines)
    lines[choose.randrange(len(lines))] = choose.choice(lines)
    return b"\n".join(lines)


def _value(choose: random.Random, content: bytes) -> bytes:
    fields = content.split(b",")
    fields[choose.randrange(len(fields))] = choose.choice(_FRAGMENTS)
    return b",".join(fields)


def _replace(choose: random.Random, content: bytes) -> bytes:
    common = choose.choice((b",", b"\n", b'"', b"0", b"-"))
    return content.replace(common, choose.choice(_FRAGMENTS), choose.choice((1, 3, 10)))


_EDITS = (_insert, _overwrite, _remove, _cut, _repeat, _lines, _value, _replace)
