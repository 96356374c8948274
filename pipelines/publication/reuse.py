"""What a step made from given inputs, kept in the home for the next run with the same inputs.

Belongs here: keeping and finding. Does not belong here: what identifies the inputs, which the caller says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def made_once(place: Path, key: str, make: Callable[[Path], None]) -> Path:
    """The folder in `place` that holds what `make` writes for a key; made only where it is not there yet.

    One folder is kept. A run that is cut off leaves none that is incomplete.

    Args:
        place: folder of this step alone.
        key: identifies the inputs and the program; part of a file name.
        make: writes into the folder that it is given.
    """
    folder = place / key
    if folder.is_dir():
        return folder
    shutil.rmtree(place, ignore_errors=True)
    part = place / f".{key}"
    part.mkdir(parents=True)
    make(part)
    return part.rename(folder)
