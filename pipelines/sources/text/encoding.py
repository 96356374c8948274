"""Which encoding a file of text has.

A byte order mark, or zero bytes beside the first characters, show UTF-16. UTF-8 is taken where most lines
with characters beyond ASCII are valid UTF-8; single damaged lines are then malformed lines. Else the
candidates are GB18030 and Windows-1252. GB18030 fits where the characters are those of GB/T 2312,
Windows-1252 where they are Latin letters and usual punctuation. Exactly one has to fit.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import SourceError

UTF8 = "utf-8-sig"
ENCODINGS = {
    UTF8: "UTF-8",
    "utf-16": "UTF-16",
    "gb18030": "GB18030",
    "cp1252": "Windows-1252",
}
"""Python's name -> the name that a report shows."""

_WIDE: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("utf-16", lambda head: head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))),
    ("utf-16-le", lambda head: head[1:4:2] == b"\0\0"),
    ("utf-16-be", lambda head: head[0:4:2] == b"\0\0"),
)
"""Encodings of two bytes a character, and how the first four bytes show them."""

_ESCAPING = "carbonwarden.escape"
_BLOCK_BYTES = 1 << 20
_SAMPLED_LINES = 2_000
_DAMAGED_SHARE = 0.2
_FITTING_SHARE = 0.95
_PUNCTUATION = "‘’“”„–—…€£§°²³·«»ºª®©´"


def stated(name: str) -> str:
    """Python's name of an encoding that a mapping or an option states.

    Raises:
        SourceError: no such encoding.
    """
    for codec, shown in ENCODINGS.items():
        if name.lower() in (codec, shown.lower(), shown.lower().replace("-", "")):
            return codec
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise SourceError(
            f"encoding: expected one of {', '.join(ENCODINGS.values())} or another encoding by name; "
            f"found {name!r}."
        ) from None


class Text(NamedTuple):
    """Python's name of a text's encoding, and whether its last line has no line end, as where it was cut."""

    codec: str
    may_be_cut: bool = False


def detect(stream: BinaryIO, where: str) -> Text:
    """The encoding of all bytes of `stream`.

    Raises:
        SourceError: empty, binary, or no single encoding fits.
    """
    head = stream.read(4)
    if not head:
        raise SourceError(f"{where}: expected a table, found an empty file. Download it again.")
    for codec, is_it in _WIDE:
        if is_it(head):
            return Text(codec)
    lines = _LinesBeyondAscii(_blocks(head, stream))
    if lines.has_nul:
        raise SourceError(
            f"{where}: expected text, found zero bytes as in a binary file. "
            "Check that this is the published table, unpacked."
        )
    if lines.damaged <= _DAMAGED_SHARE * lines.count:
        return Text(UTF8, lines.may_be_cut)
    sample = b"\n".join(lines.sample)
    fitting = [codec for codec, fits in (("gb18030", _is_chinese), ("cp1252", _is_latin)) if fits(sample)]
    if len(fitting) == 1:
        return Text(fitting[0], lines.may_be_cut)
    found = " as well as ".join(ENCODINGS[codec] for codec in fitting) or "none of them"
    raise SourceError(
        f"{where}: expected one of the encodings {', '.join(ENCODINGS.values())} to fit, found {found}; "
        f"line {lines.first_damaged} is the first that is no UTF-8. State it with --encoding."
    )


def escaping() -> str:
    """Name of the handler that puts a surrogate in place of each byte that cannot be decoded.

    Unlike Python's `surrogateescape` it also takes bytes below 0x80, which broken GB18030 and UTF-16 have.
    """
    codecs.register_error(_ESCAPING, _escape)
    return _ESCAPING


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


def _blocks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield head
    while block := stream.read(_BLOCK_BYTES):
        yield block


class _LinesBeyondAscii:
    """Counts lines that have bytes beyond ASCII, and those of them that are no UTF-8."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.count = self.damaged = self.first_damaged = 0
        self.has_nul = False
        self.sample: list[bytes] = []
        number, rest = 0, b""
        for block in blocks:
            self.has_nul = self.has_nul or b"\0" in block
            if not rest and block.isascii():
                end = block.rfind(b"\n") + 1
                number, rest = number + block.count(b"\n"), block[end:]
                continue
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                number += 1
                self._look(number, line)
        self.may_be_cut = bool(rest) and not rest.endswith(b"\r")
        if rest:
            self._look(number + 1, rest)

    def _look(self, number: int, line: bytes) -> None:
        if line.isascii():
            return
        self.count += 1
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            self.damaged += 1
            self.first_damaged = self.first_damaged or number
            if len(self.sample) < _SAMPLED_LINES:
                self.sample.append(line)


def _is_chinese(sample: bytes) -> bool:
    try:
        text = sample.decode("gb18030")
    except UnicodeDecodeError:
        return False
    beyond = [character for character in text if not character.isascii()]
    return sum(_encodes(character, "gb2312") for character in beyond) >= _FITTING_SHARE * len(beyond)


def _is_latin(sample: bytes) -> bool:
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = [character for character in text if not character.isascii()]
    usual = sum(character.isalpha() or character in _PUNCTUATION for character in beyond)
    return usual >= _FITTING_SHARE * len(beyond)


def _encodes(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
