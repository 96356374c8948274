"""What a reader chose, kept in the page's address so that a view can be sent to a colleague.

Belongs here: carrying values between the address and widgets. Does not belong here: what they mean.

Streamlit's own binding of widgets to the address writes the words that are shown, which differ by
language; here the address holds codes and is the same in both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards.language import DEFAULT_LANGUAGE, LANGUAGES

LANGUAGE = "language"
_SEEN = "_address_seen:"


def choose_language() -> str:
    """The language of this rerun: an address that names one wins, else what was chosen before."""
    named = st.query_params.get("lang")
    if LANGUAGE not in st.session_state:
        st.session_state[LANGUAGE] = named if named in LANGUAGES else DEFAULT_LANGUAGE
    elif named in LANGUAGES and named != st.session_state.get(_SEEN + "lang"):
        st.session_state[LANGUAGE] = named
    chosen = st.session_state[LANGUAGE] or DEFAULT_LANGUAGE
    if named != chosen:
        st.query_params["lang"] = chosen
    st.session_state[_SEEN + "lang"] = chosen
    return str(chosen)


@dataclass(frozen=True)
class Choice:
    """One widget's place in the address: its parameter, and how its value is written and read.

    `read` returns the default for text that is no value, so that a mistyped address still opens.
    """

    name: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    default: Any = None

    @property
    def key(self) -> str:
        """The widget's key; of the language, as a browser sends back the words that it showed."""
        return f"choice:{st.session_state.get(LANGUAGE, DEFAULT_LANGUAGE)}:{self.name}"

    @property
    def value(self) -> Any:
        """The widget's value in this rerun."""
        return st.session_state.get(self.key, self.default)


def codes(name: str, allowed: list[str]) -> Choice:
    """Any number of codes of a list, separated by commas."""
    return Choice(
        name,
        write=lambda chosen: ",".join(chosen or []),
        read=lambda text: [one for one in text.split(",") if one in allowed],
        default=[],
    )


def code(name: str, allowed: list[str], default: str) -> Choice:
    """Exactly one code of a list."""
    return Choice(
        name,
        write=lambda chosen: "" if chosen in (default, None) else chosen,
        read=lambda text: text if text in allowed else default,
        default=default,
    )


def day(name: str) -> Choice:
    """A day or none, ISO 8601."""

    def read(text: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return None

    return Choice(name, write=lambda chosen: chosen.isoformat() if chosen else "", read=read)


def words_typed(name: str) -> Choice:
    """Free text."""
    return Choice(name, write=lambda typed: typed or "", read=str, default="")


def number(name: str, default: int = 1) -> Choice:
    """A whole number from 1 up."""
    return Choice(
        name,
        write=lambda chosen: "" if chosen in (default, None) else str(chosen),
        read=lambda text: max(int(text), 1) if text.isdecimal() and len(text) < 9 else default,
        default=default,
    )


def load(page: str, choices: list[Choice]) -> None:
    """Fill the widgets from the address, unless the address is what this page wrote itself."""
    now = {choice.name: st.query_params.get(choice.name, "") for choice in choices}
    known = st.session_state.get(_SEEN + page)
    complete = all(choice.key in st.session_state for choice in choices)
    if now == known and complete:
        return
    for choice in choices:
        text = now[choice.name]
        st.session_state[choice.key] = choice.read(text) if text else choice.default


def save(page: str, choices: list[Choice]) -> None:
    """Write the widgets' values into the address; a value at its default is left out."""
    wanted = {choice.name: choice.write(choice.value) for choice in choices}
    for name, text in wanted.items():
        if text and st.query_params.get(name) != text:
            st.query_params[name] = text
        elif not text and name in st.query_params:
            del st.query_params[name]
    st.session_state[_SEEN + page] = wanted


def last(page: str) -> dict[str, str]:
    """What `save` last wrote for a page, for a link that leads back to it."""
    return {name: text for name, text in st.session_state.get(_SEEN + page, {}).items() if text}


def reset(choices: list[Choice]) -> None:
    """Put every widget back to its default."""
    for choice in choices:
        st.session_state[choice.key] = choice.default
