"""The Dagster code location that `dagster dev` and `dg` load.

Belongs here: nothing but the entry point. Does not belong here: definitions or their assembly, which
live in `pipelines.orchestration`. See https://docs.dagster.io/guides/build/projects-and-components.
"""

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that Dagster shows, with declared sources; prepares dbt's manifest where it is missing."""
    from pipelines.orchestration.location import build_location

    return build_location()
