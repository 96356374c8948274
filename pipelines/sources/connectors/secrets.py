"""Secrets: values of environment variables, which never appear in a message, a log or a traceback.

Declarations name the variable. Its value is read when a connection is opened and kept in no attribute.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from pipelines.core.settings import SettingsError

_MASK = "***"
_PASSWORD = re.compile(r"(?:password|sslpassword|passwd)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE)
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
        password = urlsplit(value).password
    except ValueError:
        password = None
    if password:
        found |= {password, unquote(password)}
    return {part for part in found if len(part) >= _SHORTEST}
