"""What is wrong with a settings file or a path, in words that a user can act on.

Belongs here: own words for what pydantic, YAML and the operating system find, so that no message repeats
theirs; reading a YAML file with them. Does not belong here: what the file is for and what to do, which the
reader of the file says.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from pipelines.core.errors import SourceError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PARQUET, _ENCRYPTED_PARQUET = b"PAR1", b"PARE"
_SHOWN_CHARACTERS = 60
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_type": "a day as YYYY-MM-DD",
    "date_parsing": "a day as YYYY-MM-DD",
    "date_from_datetime_parsing": "a day as YYYY-MM-DD",
    "dict_type": "settings with their names",
    "model_type": "settings with their names",
    "model_attributes_type": "settings with their names",
    "list_type": "a list",
    "tuple_type": "a list",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "union_tag_invalid": "{discriminator} to be one of {expected_tags}",
    "union_tag_not_found": "{discriminator}",
}
"""What was expected where pydantic found a fault of a type; `{}` are filled from the fault's context."""
_FORMS = {r"^[a-z]{2}(-[a-z0-9]{1,8})?$": "the id of a market, such as cn, eu or us-ca"}
"""What regular expressions ask that several files have."""
_SYSTEM = {
    errno.ENOENT: "nothing there",
    errno.EISDIR: "a folder",
    errno.ENOTDIR: "a file in the middle of the path",
    errno.EEXIST: "a file where a folder was expected",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "a file system that cannot be written to",
    errno.ENOSPC: "no space left on the disk",
    errno.EMFILE: "too many open files",
    errno.ENAMETOOLONG: "a name that is too long",
    errno.EADDRINUSE: "that the port is in use",
    errno.EADDRNOTAVAIL: "that this machine has no such address",
    errno.ECONNREFUSED: "that nothing answers there",
}


def invalid_entries(
    error: ValidationError,
    root: str,
    *,
    secret: bool = False,
    most: int = 5,
    forms: Mapping[str, str] | None = None,
) -> str:
    """Each invalid entry with what was expected and found; `root` names the whole file.

    With `secret`, what was found is left out: it may be a password. `forms` says in words what a regular
    expression asks.
    """
    known = _FORMS | dict(forms or {})
    faults = error.errors(include_url=False)
    listed = [f"{_place(fault, root)}: {_sentence(fault, secret, known)}" for fault in faults[:most]]
    more = f"; and {len(faults) - most} more" if len(faults) > most else ""
    return "; ".join(listed) + more


def _place(fault: ErrorDetails, root: str) -> str:
    return ".".join(str(part) for part in fault["loc"]) or root


def _sentence(fault: ErrorDetails, secret: bool, forms: Mapping[str, str]) -> str:
    context: Mapping[str, Any] = fault.get("ctx", {})
    if fault["type"] == "string_pattern_mismatch" and context["pattern"] in forms:
        expected = forms[context["pattern"]]
        return f"expected {expected}" + ("" if secret else f", found {_shown(fault['input'])}")
    if fault["type"] == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return "expected this entry, found none"
    if fault["type"] == "extra_forbidden":
        return "expected an entry that is known, found one that is not; check its spelling"
    stated = _EXPECTED.get(fault["type"])
    expected = stated.format(**context) if stated else fault["msg"][:1].lower() + fault["msg"][1:]
    return f"expected {expected}" if secret else f"expected {expected}, found {_shown(fault['input'])}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "settings with names"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def invalid_yaml(error: Exception) -> str:
    """Where a text is no YAML in UTF-8, and what stands in the way."""
    if isinstance(error, UnicodeDecodeError):
        return f"other bytes from byte {error.start + 1} on"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"a fault in line {mark.line + 1}, column {mark.column + 1} ({error.problem})"
    return "something else"


def invalid_json(error: ValueError) -> str:
    """Where a text is no JSON in UTF-8."""
    if isinstance(error, UnicodeDecodeError):
        return f"other bytes from byte {error.start + 1} on"
    if isinstance(error, json.JSONDecodeError):
        return f"a fault in line {error.lineno}, column {error.colno}"
    return "something else"


def invalid_parquet(path: Path) -> str:
    """What stands in the place of a Parquet file that cannot be read, and what to do.

    Its mark begins and ends the file (https://parquet.apache.org/docs/file-format/).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(len(_PARQUET))
        file.seek(max(0, size - len(_PARQUET)))
        tail = file.read()
    if not head:
        return "an empty file. Deliver it again."
    if head == _ENCRYPTED_PARQUET:
        return "one that is encrypted. Deliver it without encryption."
    if head != _PARQUET:
        return "a file of another kind. Give it the suffix of its kind, or deliver it as Parquet."
    if tail != _PARQUET:
        return f"one that ends after {size:,} bytes without its footer. Deliver it again."
    return "one whose footer or pages are damaged. Write it again, and deliver it again."


def read_yaml(path: Path, expected: str) -> Any:
    """The content of a YAML file; `expected` says what the file is, such as "a mapping file".

    Raises:
        SourceError: no such file, or no YAML in UTF-8.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"{path}: expected {expected}, found {system_fault(error)}. Check the path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path}: expected YAML in UTF-8, found {invalid_yaml(error)}. Correct it."
        ) from error


def system_fault(error: OSError) -> str:
    """What the operating system found in place of a file, folder or connection."""
    return _SYSTEM.get(error.errno or 0) or (error.strerror or str(error)).lower()
