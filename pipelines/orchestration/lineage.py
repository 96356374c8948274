"""Steps that may leave some of their assets as they are, without stopping what follows.

Dagster skips a step when an upstream asset was not materialized in the run. Here a step runs after a few
assets that every run makes, while the page still shows what each asset is made from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg


def ordered_after(
    after: Sequence[dg.AssetKey],
    *,
    name: str,
    specs: Sequence[dg.AssetSpec],
    check_specs: Sequence[dg.AssetCheckSpec],
    compute: Callable[..., Any],
    can_subset: bool = True,
    retry_policy: dg.RetryPolicy | None = None,
) -> dg.AssetsDefinition:
    """A step that starts when `after` is made; each of its assets keeps its own `deps` as lineage."""
    own = {spec.key for spec in specs}
    executed = [
        spec.replace_attributes(
            deps=[dep for dep in spec.deps if dep.asset_key in own] + [dg.AssetDep(key) for key in after]
        )
        for spec in specs
    ]
    step = dg.multi_asset(
        name=name,
        specs=executed,
        check_specs=check_specs,
        can_subset=can_subset,
        allow_arbitrary_check_specs=True,
        retry_policy=retry_policy,
    )(compute)
    shown = {spec.key: spec.deps for spec in specs}
    kept = {name: value for name, value in step.get_attributes_dict().items() if name != "execution_type"}
    kept["specs"] = [spec.replace_attributes(deps=shown[spec.key]) for spec in step.specs]
    return dg.AssetsDefinition(**kept)
