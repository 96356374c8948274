"""The reference pages of the checks, written from the policies of both gates and of completeness.

    python -m pipelines.cli.checks            write docs/reference/checks.md and docs/reference/checks.zh.md
    python -m pipelines.cli.checks --check    exit 1 where a page differs from the policies

Belongs here: the layout of the pages, one a language. Does not belong here: limits, reasons and texts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from anomaly.core.texts import Texts
from expectations.gates import GATES, suites_of
from expectations.policy import Market
from expectations.runner import MESSAGES, described
from expectations.suite import Frame
from pipelines.core.generated import program
from pipelines.core.settings import ROOT
from pipelines.lake.completeness_policy import CHECKS, load_policy

PAGES = {"en": Path("docs/reference/checks.md"), "zh": Path("docs/reference/checks.zh.md")}
_NOTICE = "<!-- Written by `make generate` from the policies; edit those instead. -->"
_TEXTS = {
    "title": {"en": "Checks and their reasons", "zh": "质量检查及其理由"},
    "lead": {
        "en": "What the gates judge in the Chinese national market, by the bounds in "
        "`expectations/policy.yml` and `pipelines/lake/completeness.yml`. A failed critical check refuses "
        "the run; others are shown. A bound without a rule is the supervisor's own policy, and its reason "
        "is the whole of its justification.",
        "zh": "各质量关在全国碳排放权交易市场适用的检查，限值见 `expectations/policy.yml` 和 "
        "`pipelines/lake/completeness.yml`。“严重”检查未通过时拒绝发布，其余仅予提示。"
        "未注明规定的限值为监管口径，所附理由即为其全部依据。",
    },
    "ingestion": {"en": "Ingestion gate", "zh": "接入质量关"},
    "publication": {"en": "Publication gate", "zh": "发布质量关"},
    "completeness": {"en": "Completeness of the delivery", "zh": "数据完整性"},
    "heads": {
        "en": "| check | what is asked | expected | severity | rule | reason |",
        "zh": "| 检查 | 检查内容 | 要求 | 级别 | 依据 | 理由 |",
    },
}
_RULE = "| --- | --- | --- | --- | --- | --- |"


def page(language: str) -> str:
    """The page in a language."""
    texts = {name: both[language] for name, both in _TEXTS.items()}
    desk = Texts(ROOT / "dashboards" / "messages")
    named = partial(_severity, desk, language)
    parts = [f"# {texts['title']}", "", _NOTICE, "", texts["lead"]]
    for gate in GATES:
        parts += ["", f"## {texts[gate]}", "", texts["heads"], _RULE, *_gate(gate, language, named)]
    parts += ["", f"## {texts['completeness']}", "", texts["heads"], _RULE]
    parts += _completeness(desk, language)
    return "\n".join(parts) + "\n"


def _gate(gate: str, language: str, named: partial[str]) -> Iterable[str]:
    quality = Texts(MESSAGES)
    # Bounds that depend on the day are those of checks against the as-of date, whose texts name no day.
    for suite in suites_of(Frame(gate, Market(), date(2025, 1, 1))):
        for check in suite.checks:
            asked = dict(zip(("zh", "en"), described(quality.text, suite, check), strict=True))[language]
            bound = check.bound
            rule = f"{bound.rule} ({bound.verified})" if bound.rule else ""
            yield _line(
                f"`{suite.name}.{check.name}`",
                asked,
                "" if check.expect.is_dated else check.expected,
                named(bound.severity),
                rule,
                getattr(bound.why, language),
            )


def _completeness(desk: Texts, language: str) -> Iterable[str]:
    rules = load_policy().checks
    for name in CHECKS:
        rule = getattr(rules, name)
        yield _line(
            f"`{name}`",
            desk.text(f"desk.completeness_check.{name}", language),
            f"{rule.value:g} {desk.text(f'desk.unit_name.{rule.unit}', language)}",
            _severity(desk, language, rule.severity),
            f"{rule.source} ({rule.verified})" if rule.source != "policy" else "",
            getattr(rule.why, language),
        )


def _severity(desk: Texts, language: str, severity: str) -> str:
    return desk.text(f"desk.severity.{severity}", language)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Writes the pages, or with `--check` only says which are stale."""
    codes = [
        program(
            "pipelines.cli.checks", __doc__, path, "what the policies say", partial(page, language), arguments
        )
        for language, path in PAGES.items()
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
