"""Secrets: values of environment variables, which never appear in a message, a log or a traceback.

Declarations name the variable. Its value is read when a connection is opened and kept in no attribute.
"""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from pipelines.core.settings import SettingsError

_MASK = "***"
_PASSWORD = re.compile(
    r"(?:password|sslpassword|passwd|pwd)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE
)
_ODBC_PASSWORD = re.compile(r"(?:pwd|password)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)", re.IGNORECASE)
"""In a connection string of ODBC, which SQLAlchemy takes as the parameter `odbc_connect` of an address."""

_SHORTEST = 3


def read_secret(variable: str, where: str) -> SecretStr:
    """The value of an environment variable.

    Raises:
        SettingsError: it is not set, or empty.
    """
    value = os.environ.get(variable, "")
    if not value.strip():
        raise SettingsError(
            f"{where}: expected the environment variable {variable}, found it not set. Set it in the "
            "environment of this process; its value is never written down."
        )
    return SecretStr(value.strip())


def masked(message: object, secret: SecretStr | None) -> str:
    """A message on one line, without the secret and without any password that the secret contains."""
    text = " ".join(str(message).split())
    for value in sorted(_parts(secret), key=len, reverse=True):
        text = text.replace(value, _MASK)
    return text


def _parts(secret: SecretStr | None) -> set[str]:
    if secret is None:
        return set()
    value = secret.get_secret_value()
    found = {value, " ".join(value.split()), os.environ.get("PGPASSWORD", "")}
    for match in _PASSWORD.finditer(value):
        found |= {match[1], match[1].strip("'"), unquote(match[1])}
    try:
        address = urlsplit(value)
        password = address.password
    except ValueError:
        return {part for part in found if len(part) >= _SHORTEST}
    if password:
        found |= {password, unquote(password)}
    for _, parameter in parse_qsl(address.query):
        for match in _ODBC_PASSWORD.finditer(parameter):
            braced = match[1].strip()
            found |= {braced, braced.removeprefix("{").removesuffix("}").replace("}}", "}")}
    return {part for part in found if len(part) >= _SHORTEST}
