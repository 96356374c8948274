"""Requests with limits: their rate, the size of an answer, the number of attempts, the time to wait.

A fault that may pass (a lost connection, a cut body, the states 429, 500, 502, 503 and 504) is tried again,
after the time that `Retry-After` states or else one that doubles. Redirections are refused, since they would
carry the key to another server.
"""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import requests
from pydantic import SecretStr

from pipelines.core.errors import SourceError
from pipelines.sources.connectors.declaration import Http
from pipelines.sources.connectors.secrets import masked, read_secret

_PASSING = {429, 500, 502, 503, 504}
_CHUNK_BYTES = 1 << 16
_SHOWN_CHARACTERS = 200
_FIRST_WAIT_SECONDS = 1.0
_TYPES = {"json": ("json",), "csv": ("csv", "text/plain", "octet-stream")}
_NOT_MODIFIED = 304
_FAULTS = (
    (requests.exceptions.SSLError, "a certificate that is not trusted"),
    (requests.Timeout, "no answer in time (`timeout_seconds`)"),
    (requests.exceptions.ChunkedEncodingError, "an answer that breaks off"),
    (requests.exceptions.ContentDecodingError, "an answer whose compression is damaged"),
    (requests.ConnectionError, "no connection, or one that breaks off"),
)
"""Kinds of fault of a request, the special ones first, and what a message calls them."""


@dataclass(frozen=True)
class Request:
    """One page as it is asked for; `url` may state parameters of its own."""

    url: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Address with parameters, without any key."""
        shown = "&".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.url}?{shown}" if shown else self.url


class Version(NamedTuple):
    """How a server names a version of a page (RFC 9110, section 8.8): by its tag, else by its time."""

    tag: str | None = None
    modified: str | None = None

    def headers(self) -> dict[str, str]:
        """What asks for the page only if it has changed since."""
        if self.tag:
            return {"If-None-Match": self.tag}
        return {"If-Modified-Since": self.modified} if self.modified else {}


@dataclass(frozen=True)
class Answer:
    """What came back; the body is in the file that was named, unless it is the version that was known."""

    is_unchanged: bool
    version: Version
    headers: dict[str, str]
    following: str | None


class _PassingError(Exception):
    """A fault that another attempt may not meet; `wait` are seconds that the server asks for."""

    def __init__(self, found: str, wait: float | None = None) -> None:
        super().__init__(found)
        self.wait = wait


class Client:
    """Asks one source for pages, one after the other."""

    def __init__(self, name: str, source: Http) -> None:
        """Read the key, if there is one.

        Raises:
            SettingsError: the environment does not have it.
        """
        self.where, self.source = f"source {name}", source
        self.secret: SecretStr | None = (
            read_secret(source.key.variable, self.where) if source.key is not None else None
        )
        self.session = requests.Session()
        self._next_moment = 0.0

    def get(self, request: Request, known: Version, body: Path) -> Answer:
        """Ask for a page and write its body to a file; where a version is known, only if it has changed.

        Raises:
            SourceError: the server refuses, or all attempts failed; nothing is left in the file.
        """
        for attempt in range(1, self.source.attempts + 1):
            try:
                return self._attempt(request, known, body)
            except _PassingError as fault:
                body.unlink(missing_ok=True)
                if attempt == self.source.attempts:
                    raise self._error(
                        request, "an answer", f"{fault} in {attempt} attempts", "Pull again later."
                    ) from None
                wait = _FIRST_WAIT_SECONDS * 2 ** (attempt - 1) if fault.wait is None else fault.wait
                if wait > self.source.longest_wait_seconds:
                    raise self._error(
                        request,
                        f"a wait of at most {self.source.longest_wait_seconds:.0f} s",
                        f"{fault} and a server that asks for {wait:.0f} s",
                        "Pull later, or ask less often (`requests_a_minute`).",
                    ) from None
                time.sleep(wait)
        raise AssertionError("a declaration has at least one attempt")

    def _attempt(self, request: Request, known: Version, body: Path) -> Answer:
        time.sleep(max(0.0, self._next_moment - time.monotonic()))
        self._next_moment = time.monotonic() + 60 / self.source.requests_a_minute
        headers = {"Accept": "application/json" if self.source.format == "json" else "text/csv"}
        parameters = list(request.parameters)
        headers |= known.headers()
        if self.source.key and self.secret:
            value = self.source.key.prefix + self.secret.get_secret_value()
            if self.source.key.header:
                headers[self.source.key.header] = value
            else:
                parameters.append((str(self.source.key.parameter), value))
        try:
            with self.session.get(
                request.url,
                params=parameters,
                headers=headers,
                timeout=self.source.timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._take(request, response, known, body)
        except requests.RequestException as error:
            found = next((text for kind, text in _FAULTS if isinstance(error, kind)), "an answer that failed")
            raise _PassingError(found) from None

    def _take(self, request: Request, response: requests.Response, known: Version, body: Path) -> Answer:
        following = response.links.get("next", {}).get("url")
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code == _NOT_MODIFIED and known.headers():
            return Answer(True, known, headers, following)
        if response.status_code in _PASSING:
            raise _PassingError(f"state {response.status_code}", _seconds_to_wait(headers.get("retry-after")))
        if response.status_code != requests.codes.ok:
            raise self._refused(request, response)
        kind = headers.get("content-type", "")
        if kind and not any(part in kind.lower() for part in _TYPES[self.source.format]):
            raise self._error(
                request, f"content of type {self.source.format}", kind, "Check `url`, `format` and the key."
            )
        self._write(request, response, body)
        version = Version(headers.get("etag"), headers.get("last-modified"))
        return Answer(False, version, headers, following)

    def _write(self, request: Request, response: requests.Response, body: Path) -> None:
        most, taken = int(self.source.page_megabytes * 1e6), 0
        body.parent.mkdir(parents=True, exist_ok=True)
        with body.open("wb") as file:
            for chunk in response.iter_content(_CHUNK_BYTES):
                taken += len(chunk)
                if taken > most:
                    file.close()
                    body.unlink()
                    raise self._error(
                        request,
                        f"at most {self.source.page_megabytes:g} MB (`page_megabytes`)",
                        "a longer answer",
                        "Ask for smaller pages, or raise the limit.",
                    )
                file.write(chunk)

    def _refused(self, request: Request, response: requests.Response) -> SourceError:
        said = next(response.iter_content(_SHOWN_CHARACTERS), b"").decode("utf-8", errors="replace")
        advice = "Check `url` and `parameters`."
        if response.status_code in (401, 403):
            advice = "Check the key in the variable that `key` names."
        elif response.is_redirect:
            said, advice = f"to {response.headers.get('location')}", "Declare the address itself as `url`."
        return self._error(request, "state 200", f"state {response.status_code}: {said}", advice)

    def _error(self, request: Request, expected: str, found: str, advice: str) -> SourceError:
        text = f"{self.where}, {request.name}: expected {expected}, found {found}. {advice}"
        return SourceError(masked(f"{text} Nothing was delivered.", self.secret))


def _seconds_to_wait(header: str | None) -> float | None:
    """What `Retry-After` asks for, in seconds or as a moment (RFC 9110, section 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment: Any = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
