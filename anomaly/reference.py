"""The reference page of the detectors, from what they, their policies and texts say.

Belongs here: the page's layout. Does not belong here: any fact of its own about a detector; writing the file
(`pipelines.cli.detectors`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from anomaly.core.detector import Detector, Search
from anomaly.core.discovery import all_detectors
from anomaly.core.kinds import FAMILIES, KINDS
from anomaly.core.policy import Policy, Threshold
from anomaly.core.texts import keys, text

_INTRODUCTION = """\
# Detectors

<!-- Written by `make generate`; edit the folders of the detectors instead. -->

Each detector looks for one kind of finding in the marts of a snapshot, in one or several searches. A search
whose marts are missing or empty does not run, and the run says so. Thresholds are policy: each has its
reason, and says whether the document behind it was read. A market that is not named under "Rules" has no
articles on file.
"""
_LEVELS = """\
## Levels

The level follows from the score, from what is at stake and from what could explain the finding.
"""
_STAKES = """\
The stake is in tonnes and in money. Each search declares what its tonnes are; money is that of the trades
where the finding is about trades, and otherwise the tonnes at the market's average price up to the end of the
window. A finding belongs to the last band that its tonnes or its money reach. Tonnes that were only exposed
to a finding (the volume of volatile days) cannot raise its level. The marts `fct_alerts` and
`fct_alert_assessments` hold the level and what it rests on.
"""
_SCORES = """\
## Scores

A score says how far a finding is from no suspicion (0) to certainty (1), on one scale for all kinds. A figure
at its threshold scores one half, and each further multiple of the threshold halves the distance to 1; a
breach that the record itself proves starts at a base; independent figures that support the same suspicion add
up. "Half" in the tables below always means half of the distance to 1.
"""
_EVIDENCE = """\
## Evidence

Evidence names rows of source tables by columns of the source contract, so that anyone can look them up again:

```json
{"table": "trades", "key": ["trade_id"], "rows": [["T-1"], ["T-2"]]}
{"table": "cems_hourly", "key": ["unit_id"], "rows": [["U-1"]],
 "from": "2024-02-29T16:00:00Z", "to": "2024-03-31T16:00:00Z"}
{"table": "meters_daily", "key": ["unit_id", "meter"], "rows": [["U-1", "coal_feed"]],
 "from": "2024-03-01", "to": "2024-04-01"}
```

A key shorter than the table's names all rows that share it: the months of a unit with every revision and
fuel. Where hours or days would be too many to list, `from` and `to` narrow it to a half-open range of
the table's own time (`ts` in UTC, `date` as a local day). In `fct_alert_evidence` each row's
`record_key` is the key with its values, and `from` and `to` where there is a range:
`{"unit_id": "U-1", "from": "2024-02-29T16:00:00Z", "to": "2024-03-31T16:00:00Z"}`.
"""


def page(policy: Policy) -> str:
    """The whole page."""
    detectors = all_detectors()
    parts = [
        _INTRODUCTION,
        _kinds(detectors),
        _levels(policy),
        _SCORES,
        _EVIDENCE,
        *(_section(detector, policy) for detector in detectors),
        _without(detectors),
    ]
    return "\n".join(parts)


def _kinds(detectors: Iterable[Detector[Any]]) -> str:
    rows = [
        (
            f"[`{detector.kind}`](#{detector.kind})",
            _family(detector.kind),
            text(_meaning(detector.kind), "en"),
        )
        for detector in detectors
    ]
    return _table(("kind", "family", "finds"), rows)


def _levels(policy: Policy) -> str:
    rows = [
        (text(f"levels.{name}", "en"), text(f"levels.{name}", "zh"), _number(score))
        for name, score in policy.levels.items()
    ]
    return "\n".join((_LEVELS, _table(("level", "四级预警", "from score"), rows), _STAKES, _bands(policy)))


def _bands(policy: Policy) -> str:
    rows = [
        (
            name,
            _amount(band.tonnes, "t"),
            ", ".join(_amount(limit, currency) for currency, limit in band.money.items()),
            band.highest + "".join(f", {level} from {score:g}" for level, score in band.levels.items()),
            band.why.en,
            band.why.zh,
            _yes(band.verified),
        )
        for name, band in policy.stakes.items()
    ]
    unknown, explained = policy.unknown_stake, policy.explained
    rows.append(("unknown", "", "", unknown.highest, unknown.why.en, unknown.why.zh, _yes(unknown.verified)))
    for name, limit in (("explained", explained.share), ("faulty delivery", explained.faulty_share)):
        share = f"{limit.value:.1%}"
        rows.append((name, share, "", explained.highest, limit.why.en, limit.why.zh, _yes(limit.verified)))
    head = ("stake", "from", "or from", "highest level", "why", "理由", "verified")
    return _table(head, rows)


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _section(detector: Detector[Any], policy: Policy) -> str:
    kind = detector.kind
    rules = "; ".join(
        " ".join(filter(None, (market, variant.replace("_", " ").replace("default", ""))))
        + ": "
        + ", ".join(f"{rule} ({text(f'rules.{rule}', 'en')})" for rule in refs)
        for variant, by_market in policy.detectors[kind].rules.items()
        for market, refs in sorted(by_market.items())
    )
    facts = [
        f"**{text(f'kinds.{kind}.name', 'en')}** ({text(f'kinds.{kind}.name', 'zh')}), "
        f"{_family(kind).lower()}, version {detector.version}.",
        f"{text(_meaning(kind), 'en')} {text(_meaning(kind), 'zh')}",
        _method(detector),
        *_without_candidates(kind),
        "Needs: " + "; ".join(f"{search.name} {_marts(search)}" for search in detector.searches) + ".",
        f"Rules: {rules or 'none on file'}",
    ]
    thresholds = policy.detectors[kind].thresholds
    rows = [_threshold(name, thresholds[name]) for name in thresholds]
    return (
        f"## {kind}\n\n"
        + "\n\n".join(facts)
        + "\n\n"
        + _table(("threshold", "value", "unit", "why", "理由", "source", "verified"), rows)
    )


def _without_candidates(kind: str) -> list[str]:
    """Why the kind has no candidates below its thresholds, where it has none."""
    known = keys(f"kinds.{kind}")
    key = f"kinds.{kind}.no_candidates"
    return [f"{text(key, 'en')} {text(key, 'zh')}"] if key in known else []


def _marts(search: Search[Any]) -> str:
    marts = dict.fromkeys(f"`{need.mart}`" for need in search.needs if not need.optional)
    return ", ".join(marts)


def _method(detector: Detector[Any]) -> str:
    """What the docstring of the detector's module says after its first line: how it looks."""
    folder = f"anomaly.detectors.{KINDS[detector.kind]}.{detector.kind}"
    sign = inspect.getdoc(import_module(f"{folder}.detector")) or ""
    return sign.partition("\n\n")[2] or sign


def _threshold(name: str, threshold: Threshold) -> tuple[str, ...]:
    return (
        f"`{name}`",
        _number(threshold.value),
        threshold.unit,
        threshold.why.en,
        threshold.why.zh,
        threshold.source or "",
        _yes(threshold.verified),
    )


def _without(detectors: Iterable[Detector[Any]]) -> str:
    known = {detector.kind for detector in detectors}
    rows = [
        (f"`{kind}`", text(f"families.{family}", "en"), text(_meaning(kind), "en"))
        for family, kinds in FAMILIES.items()
        for kind in kinds
        if kind not in known
    ]
    return (
        "## Kinds without a detector\n\n"
        "The contract names these kinds too; a run gives out no alert of them.\n\n"
        + _table(("kind", "family", "meaning"), rows)
    )


def _family(kind: str) -> str:
    return text(f"families.{KINDS[kind]}", "en")


def _meaning(kind: str) -> str:
    return f"kinds.{kind}.meaning"


def _number(value: float) -> str:
    return f"{value:g}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        + "\n"
    )
