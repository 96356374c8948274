"""The `carbonwarden` command and how its failures become exit codes."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import TyperException

from pipelines.cli import bench, convert, evaluate, operate, pull, realism, receive, rules, show, simulate
from pipelines.cli.console import complain
from pipelines.core.errors import SourceError, UsageError
from pipelines.core.faults import system_fault
from pipelines.core.lock import HomeBusyError
from pipelines.core.settings import SettingsError

app = typer.Typer(
    name="carbonwarden",
    help="Data warehouse and analytics desk of a carbon-market supervisor (碳市场监管分析平台).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (operate, pull, receive, convert, simulate, show, rules, evaluate, bench, realism):
    commands.register(app)


def _of_the_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return (
        f"{where}expected a file or folder that can be read and written, found {system_fault(error)}. "
        "Check the path, its permissions and the space on its disk; the last publication stands."
    )


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = app(standalone_mode=False)
    except (UsageError, SettingsError) as error:
        complain(str(error))
        code = 2
    except TyperException as error:
        named = error.format_message() if hasattr(error, "format_message") else str(error)
        complain(named or "expected a command; `carbonwarden --help` lists them")
        code = 2
    except SourceError as error:
        complain(str(error))
        code = 3
    except HomeBusyError as error:
        complain(str(error))
        code = 4
    except BrokenPipeError:
        # The reader of the output closed the pipe, as `head` does.
        sys.stdout = None
        code = 0
    except OSError as error:
        complain(_of_the_system(error))
        code = 4
    except KeyboardInterrupt:
        complain("interrupted; the last publication stands")
        code = 4
    except Exception as error:
        complain(
            f"expected the command to run to its end, found a fault of the program ({type(error).__name__}: "
            f"{error}). The last publication stands. Please report it with the command."
        )
        code = 4
    sys.exit(code if isinstance(code, int) else 0)
