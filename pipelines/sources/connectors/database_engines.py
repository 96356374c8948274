"""How engines that SQLAlchemy reaches begin a transaction that only reads and sees one snapshot.

| engine | begins with | one snapshot of all tables |
|---|---|---|
| SQLite | `begin`, after `pragma query_only` | yes, from the first read on |
| MySQL, MariaDB (InnoDB) | REPEATABLE READ, `start transaction with consistent snapshot, read only` | yes |
| SQL Server | isolation level SNAPSHOT, which the database must allow | yes, but not read-only |
| others | the highest level that the driver offers | not promised, and said in the report of the pull |

Oracle is one of the others: its level is SERIALIZABLE. SQLite is tested; the others follow their manuals.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.core.errors import SourceError
from pipelines.sources.connectors.secrets import masked

_BEGINS = {
    "sqlite": ("pragma query_only = on", "begin"),
    **dict.fromkeys(
        ("mysql", "mariadb"),
        (
            "set transaction isolation level repeatable read",
            "start transaction with consistent snapshot, read only",
        ),
    ),
    "mssql": ("set transaction isolation level snapshot", "begin transaction"),
}
_LEVELS = ("SERIALIZABLE", "REPEATABLE READ")


@contextmanager
def snapshot(name: str, secret: SecretStr) -> Iterator[tuple[sa.Connection, list[str]]]:
    """A connection in a transaction that reads, and remarks for the report; it is always rolled back.

    Raises:
        SourceError: the address, the driver or the database cannot be used.
    """
    engine = _engine(name, secret)
    begins, notes = _BEGINS.get(engine.dialect.name, ()), []
    try:
        # The transaction is begun and ended here, as engines begin it in ways of their own.
        connection = engine.connect().execution_options(
            isolation_level="AUTOCOMMIT" if begins else _level(engine), stream_results=True
        )
    except (sa.exc.SQLAlchemyError, NotImplementedError) as error:
        raise SourceError(
            f"source {name}: expected a connection to the database, found: {fault(error, secret)}. Check the "
            "variable that `connection` names, the server and the role; nothing was delivered."
        ) from None
    try:
        try:
            for statement in begins:
                connection.exec_driver_sql(statement)
        except sa.exc.SQLAlchemyError as error:
            raise SourceError(
                f"source {name}: expected a transaction that sees one snapshot, found: "
                f"{fault(error, secret)}. Let the database allow it; nothing was delivered."
            ) from None
        if not begins:
            notes.append(
                f"{engine.dialect.name}: rows of several tables may be of different moments, as it is not "
                "known how this engine promises one snapshot"
            )
        yield connection, notes
    finally:
        # The connection's state is not known to SQLAlchemy; the pool must not hand it out again.
        connection.invalidate()
        connection.close()
        engine.dispose()


def _engine(name: str, secret: SecretStr) -> sa.Engine:
    try:
        return sa.create_engine(secret.get_secret_value(), hide_parameters=True, poolclass=sa.NullPool)
    except sa.exc.NoSuchModuleError:
        found = "an engine that SQLAlchemy does not know"
    except ModuleNotFoundError as error:
        found = f"no driver: the package {error.name} is not installed"
    except (sa.exc.SQLAlchemyError, ValueError, TypeError):
        # Its text may repeat parts of the address.
        found = "another text"
    raise SourceError(
        f"source {name}: expected an address such as engine+driver://user@server/database, found {found}. "
        "Check the variable that `connection` names; nothing was delivered."
    )


def _level(engine: sa.Engine) -> str:
    try:
        with engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            offered = engine.dialect.get_isolation_level_values(driver) if driver else ()
    except NotImplementedError:
        return "AUTOCOMMIT"
    return next((level for level in _LEVELS if level in offered), "AUTOCOMMIT")


def fault(error: Exception, secret: SecretStr) -> str:
    """What the database said, on one line, without the secret, the statement and its values."""
    said = getattr(error, "orig", None) or error
    return masked(str(said), secret).removesuffix(".")[:500]
