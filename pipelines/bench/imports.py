"""Imports the libraries that a run needs, and nothing else: what the fixed cost of a run is compared with."""

import importlib

LIBRARIES = ("dagster", "dbt.cli.main", "great_expectations", "sklearn", "polars")

if __name__ == "__main__":
    for name in LIBRARIES:
        importlib.import_module(name)
