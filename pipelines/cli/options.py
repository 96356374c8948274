"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option(help="folder that holds everything [CARBONWARDEN_HOME, else ./data]")
]
