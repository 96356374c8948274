"""`docs/reference/sources.schema.json`: the form of `sources.yml` as JSON Schema, for editors and reviews.

python -m pipelines.sources.connectors.reference [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pipelines.core.generated import program
from pipelines.sources.connectors.declaration import Sources

FILE = Path("docs/reference/sources.schema.json")


def schema() -> str:
    """The schema as a text that ends in a line end."""
    return json.dumps(Sources.model_json_schema(by_alias=True), ensure_ascii=False, indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or compare it."""
    return program(
        "pipelines.sources.connectors.reference", __doc__, FILE, "the form of sources.yml", schema, arguments
    )


if __name__ == "__main__":
    sys.exit(main())
