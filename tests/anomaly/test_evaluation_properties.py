"""What must hold of every evaluation, over markets drawn at random, and how surely figures are given."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
import pytest

from anomaly.evaluation import evaluate as measure
from anomaly.evaluation.intervals import percentiles, resample, wilson
from anomaly.evaluation.ranking import precision_at, rank, take

evaluate = partial(measure, resamples=100)

KINDS = ("wash_trade", "spoofing", "late_report", "price_limit_hits")
START = datetime(2024, 1, 1)
RANKING = ("average_precision", "precision_at_10", "precision_at_20", "precision_at_50")
FIGURES = ("recall", "precision", *RANKING)


def market(seed, cases=12, alerts=40, kinds=KINDS):
    """Alerts and cases with ties, several alerts a case, several cases an alert, and wrong alerts."""
    rng = np.random.default_rng(seed)

    def window():
        first = START + timedelta(days=int(rng.integers(20)))
        return {"window_start": first, "window_end": first + timedelta(days=int(rng.integers(1, 9)))}

    known = [
        {
            "case_id": f"c{n:03}",
            "kind": str(rng.choice(kinds)),
            "subject_ids": [f"s{s}" for s in rng.choice(cases + 3, rng.integers(1, 5), replace=False)],
            "severity": str(rng.choice(["faint", "plain", "blatant"])),
            **window(),
        }
        for n in range(cases)
    ]
    raised = [
        {
            "alert_id": f"a{n:04}",
            "kind": str(rng.choice(kinds)),
            "subject_ids": [f"s{s}" for s in rng.choice(cases + 6, rng.integers(1, 5), replace=False)],
            "score": float(rng.integers(1, 9)) / 10,
            **window(),
        }
        for n in range(alerts)
    ]
    return pl.DataFrame(raised), pl.DataFrame(known)


def wrong_alert(score, kind="wash_trade", name="z-wrong"):
    return pl.DataFrame(
        [
            {
                "alert_id": name,
                "kind": kind,
                "subject_ids": ["nobody"],
                "score": score,
                "window_start": START,
                "window_end": START + timedelta(days=1),
            }
        ]
    )


def figures(result):
    """Every figure of every group by name, intervals included."""
    figures = {("overall", name): value for name, value in result.overall.items()}
    figures |= {("macro", name): value for name, value in result.macro.items()}
    for frame in (result.by_kind, result.by_family, result.by_severity):
        for row in frame.iter_rows(named=True):
            figures |= {(next(iter(row.values())), name): value for name, value in row.items()}
    return figures


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_alerts_and_cases_does_not_matter(seed):
    alerts, labels = market(seed)
    shuffled = evaluate(
        alerts.sample(fraction=1, shuffle=True, seed=seed), labels.sample(fraction=1, shuffle=True, seed=seed)
    )
    assert figures(shuffled) == figures(evaluate(alerts, labels))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("score", [0.0, 0.1, 0.5, 1.0])
def test_a_wrong_alert_never_raises_a_figure(seed, score):
    alerts, labels = market(seed)
    more = pl.concat([alerts, wrong_alert(score).select(alerts.columns)])
    before, after = figures(evaluate(alerts, labels)), figures(evaluate(more, labels))
    for (group, name), value in before.items():
        if name in FIGURES and value is not None:
            assert after[group, name] <= value + 1e-12, (group, name)
    assert after["overall", "precision"] < before["overall", "precision"]
    assert after["overall", "recall"] == before["overall", "recall"]


@pytest.mark.parametrize("seed", range(8))
def test_raising_the_same_finding_again_does_not_raise_recall_or_days(seed):
    alerts, labels = market(seed)
    copies = alerts.with_columns(pl.format("{}-again", "alert_id").alias("alert_id"))
    before, after = evaluate(alerts, labels), evaluate(pl.concat([alerts, copies]), labels)
    for name in ("cases", "found", "recall", "precision", "average_precision", "days_median"):
        assert after.overall[name] == pytest.approx(before.overall[name]), name
    assert after.overall["right"] == 2 * before.overall["right"]


@pytest.mark.parametrize("seed", range(4))
def test_only_the_order_of_scores_counts(seed):
    alerts, labels = market(seed)
    stretched = alerts.with_columns(pl.col("score") ** 3)
    assert evaluate(stretched, labels).overall == evaluate(alerts, labels).overall


@pytest.mark.parametrize("seed", range(8))
def test_figures_stay_within_0_and_1_and_counts_add_up(seed):
    result = evaluate(*market(seed))
    for (_, name), value in figures(result).items():
        if name in FIGURES and value is not None:
            assert 0 <= value <= 1
    for frame in (result.by_kind, result.by_family):
        for name in ("cases", "found", "alerts", "right"):
            assert frame[name].sum() == result.overall[name]
    assert result.by_severity["found"].sum() == result.overall["found"] == result.cases["found"].sum()


@pytest.mark.parametrize("seed", range(4))
def test_without_ties_average_precision_is_the_textbook_sum(seed):
    alerts, labels = market(seed)
    alerts = alerts.with_columns(
        score=pl.Series(np.random.default_rng(seed).permutation(alerts.height) / 100)
    )
    result = evaluate(alerts, labels)
    finds = {}
    for alert, case in result.matches.iter_rows():
        finds.setdefault(alert, set()).add(case)
    seen, right, area = set(), 0, 0.0
    for taken, alert in enumerate(alerts.sort("score", descending=True)["alert_id"], start=1):
        new = finds.get(alert, set()) - seen
        right += alert in finds
        seen |= new
        area += len(new) * right / taken
    assert result.overall["average_precision"] == pytest.approx(area / labels.height)


def test_precision_at_k_is_the_mean_over_the_orders_of_a_tie():
    scores = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    right = [True, True, False, False, True, True]
    finds = np.flatnonzero(right), np.zeros(4, np.int64)
    taken = take(rank(scores, 1, finds), np.ones((1, 6), np.uint8))
    orders = [
        [right[0], *(right[n] for n in order), right[5]] for order in itertools.permutations(range(1, 5))
    ]
    for k in range(1, 9):
        mean = np.mean([np.mean(order[:k]) for order in orders])
        assert precision_at(k, taken)[0] == pytest.approx(mean), k


def test_intervals_hold_the_figure_and_follow_the_seed():
    alerts, labels = market(3, cases=40, alerts=120)
    result = measure(alerts, labels)
    for name in FIGURES:
        low, value, high = (result.overall[f"{name}{end}"] for end in ("_low", "", "_high"))
        assert low <= value <= high and 0 < high - low < 0.5, name
    again, other = measure(alerts, labels), measure(alerts, labels, seed=8)
    assert figures(again) == figures(result)
    moved = {key for key, value in figures(other).items() if value != figures(result)[key]}
    assert moved and all(name.endswith(("_low", "_high")) for _, name in moved)
    assert ("overall", "recall_low") not in moved


def test_more_cases_make_narrower_intervals():
    widths = []
    for cases, alerts in ((15, 40), (240, 640)):
        whole = measure(*market(1, cases, alerts)).overall
        widths.append(
            [whole[f"{name}_high"] - whole[f"{name}_low"] for name in ("recall", "average_precision")]
        )
    assert all(narrow < wide for wide, narrow in zip(*widths, strict=True))


def test_another_kinds_alerts_do_not_move_a_kinds_intervals():
    alerts, labels = market(5)
    more = pl.concat([alerts, wrong_alert(0.3, "cornering").select(alerts.columns)])
    own = pl.col("kind") == "wash_trade"
    assert evaluate(more, labels).by_kind.filter(own).equals(evaluate(alerts, labels).by_kind.filter(own))


def test_the_bootstrap_covers_what_a_market_of_that_kind_gives():
    """Of many markets drawn alike, about nine in ten intervals hold the figure of an endless one."""

    def drawn(rng, cases):
        # each case is found with 0.6 at a score of its own; twice as many wrong alerts as cases, a bit lower
        found = np.flatnonzero(rng.random(cases) < 0.6)
        wrong = int(rng.poisson(cases))
        span = {"window_start": START, "window_end": START + timedelta(days=1)}
        labels = [
            {"case_id": f"c{n:06}", "kind": "spoofing", "subject_ids": [f"s{n}"], **span}
            for n in range(cases)
        ]
        alerts = [
            {
                "alert_id": f"a{n:06}",
                "kind": "spoofing",
                "subject_ids": [f"s{n}"],
                "score": rng.random() + 0.3,
                **span,
            }
            for n in found
        ] + [
            {"alert_id": f"w{n:06}", "kind": "spoofing", "subject_ids": ["x"], "score": rng.random(), **span}
            for n in range(wrong)
        ]
        return pl.DataFrame(alerts), pl.DataFrame(labels)

    rng = np.random.default_rng(11)
    truth = evaluate(*drawn(rng, 8_000), resamples=2).overall["average_precision"]
    held = 0
    for _ in range(100):
        whole = evaluate(*drawn(rng, 60), resamples=300).overall
        held += whole["average_precision_low"] <= truth <= whole["average_precision_high"]
    assert 82 <= held <= 97


def test_wilson_by_the_published_formula():
    # Brown, Cai and DasGupta (2001), equation 4, for 7 of 10 at 90 %
    z, n, share = 1.6448536269514722, 10, 0.7
    centre = (7 + z * z / 2) / (n + z * z)
    half = z * n**0.5 / (n + z * z) * (share * (1 - share) + z * z / (4 * n)) ** 0.5
    assert wilson(0.7, np.arange(10)) == pytest.approx((centre - half, centre + half))
    # ten alerts that hang on one case weigh as one
    assert wilson(1.0, np.zeros(10, np.int64)) == pytest.approx(wilson(1.0, np.zeros(1, np.int64)))
    assert wilson(0.0, np.zeros(0, np.int64)) == (None, None)


def test_cases_are_drawn_as_many_as_there_are_and_wrong_alerts_by_poisson():
    # cases in happenings 0, 1 and 2, wrong alerts in 3 and 4; an alert of happening 1 goes with its case
    drawn = resample([("spoofing", np.array([0, 1, 2]), np.array([1, 3, 4]))], 5, 20_000, 1).astype(float)
    assert (drawn[:, :3].sum(axis=1) == 3).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(5), abs=0.03)
    assert drawn[:, 3:].var(axis=0) == pytest.approx(np.ones(2), abs=0.05)
    assert np.corrcoef(drawn[:, 3], drawn[:, 4])[0, 1] == pytest.approx(0, abs=0.03)


def test_a_bootstrap_without_spread_gives_no_interval():
    assert percentiles(np.ones(100)) == (None, None)
    assert percentiles(np.linspace(0, 1, 101)) == pytest.approx((0.05, 0.95))
