"""Passwords are masked in messages, in whatever form a connection string has them."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from pydantic import SecretStr

from pipelines.sources.connectors.secrets import masked


@pytest.mark.parametrize(
    "secret",
    [
        "postgresql://u:s3cret@h/d",
        "host=h password=s3cret",
        "mssql+pyodbc://h/d?pwd=s3cret",
        "mssql+pyodbc:///?odbc_connect=" + quote_plus("DRIVER={ODBC 18};UID=u;PWD=s3cret;Encrypt=yes"),
        "mssql+pyodbc:///?odbc_connect=" + quote_plus("DRIVER={ODBC 18};Pwd = {s3cret};UID=u"),
    ],
)
def test_the_password_of_a_connection_string(secret):
    assert masked("login failed with s3cret for u", SecretStr(secret)) == "login failed with *** for u"


@pytest.mark.parametrize("stated", ["s3 c&ret", "{s3 c&ret}"])
def test_blanks_and_ampersands_belong_to_a_password_of_odbc(stated):
    secret = SecretStr("mssql+pyodbc:///?odbc_connect=" + quote_plus(f"UID=u;PWD={stated};Encrypt=yes"))
    assert masked("failed with s3 c&ret here", secret) == "failed with *** here"
