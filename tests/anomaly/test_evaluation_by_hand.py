"""Nine cases and twelve alerts of five kinds, with every figure worked out by hand.

Days are days of January 2024; a window "1-5" runs from the start of day 1 to the start of day 5.

Cases                                        affected rows
  W1 wash_trade      A B      1-5   faint    trades T1 T2 T3 T4
  W2 wash_trade      C D E    1-5   plain    trades T5 T6, transfers M5
  W3 wash_trade      F G     10-15  blatant  trades T7
  W4 wash_trade      H I     10-15  plain    none listed
  C1 circular_trade  J K L M  1-11  plain    transfers M1 M2 M3
  C2 circular_trade  N O P   20-25  faint    transfers M9
  L1 late_report     X        1-31  plain    activity_reports (U1 Jan coal 1) (U1 Feb coal 1),
                                             emission_reports (X 2023 1)
  L2 late_report     Y        1-31  faint    meters_daily (U2 5 Jan feed) (U2 20 Jan feed)
  S1 spoofing        A        1-5   blatant  orders O1

Alerts, by falling score                     verdict
  a10 late_report    X        1-31  0.95     finds L1
  a01 wash_trade     A        2-3   0.90     finds W1: one of two subjects is half
  a02 wash_trade     C        2-3   0.90     wrong: one of three subjects is less than half
  a12 volatility_..  CEA      1-5   0.85     wrong: no case of its kind
  a03 wash_trade     C D      4-9   0.80     finds W2: two of three, days 4 to 5 overlap
  a04 wash_trade     A B      5-9   0.80     wrong: begins where W1 ends, windows only adjacent
  a05 wash_trade     B Q      1-2   0.70     finds W1 again: right, but no new case
  a06 wash_trade     F G      5-10  0.60     wrong: ends where W3 begins
  a08 circular_trade J K     10-12  0.60     finds C1: two of four is exactly half
  a09 circular_trade N       20-25  0.60     wrong: one of three
  a11 late_report    Y       20-29  0.60     finds L2
  a07 wash_trade     F G H I 14-20  0.50     finds W3 and W4
"""

from __future__ import annotations

import json
from datetime import datetime
from fractions import Fraction

import polars as pl
import pytest

from anomaly.core.kinds import KINDS
from anomaly.evaluation import SourceKey, evaluate

TABLES = {
    "trades": SourceKey(("trade_id",), "ts"),
    "transfers": SourceKey(("transfer_id",), "ts"),
    "orders": SourceKey(("event_id",), "ts"),
    "activity_reports": SourceKey(("unit_id", "month", "fuel", "revision"), "month"),
    "emission_reports": SourceKey(("entity_id", "year", "revision"), "year"),
    "meters_daily": SourceKey(("unit_id", "date", "meter"), "date"),
}


def case(case_id, kind, subjects, first, last, severity, affected=None):
    return {
        "case_id": case_id,
        "kind": kind,
        "subject_ids": subjects.split(),
        "window_start": datetime(2024, 1, first),
        "window_end": datetime(2024, 1, last),
        "severity": severity,
        "affected": json.dumps(affected) if affected else None,
    }


def alert(alert_id, kind, subjects, first, last, score, *evidence):
    return {
        "alert_id": alert_id,
        "kind": kind,
        "subject_ids": subjects.split(),
        "window_start": datetime(2024, 1, first),
        "window_end": datetime(2024, 1, last),
        "score": score,
        "evidence": json.dumps(evidence),
    }


def rows(table, key, *values, **between):
    return {"table": table, "key": key.split(), "rows": [list(value) for value in values], **between}


def ids(table, *names):
    key = {"trades": "trade_id", "transfers": "transfer_id"}[table]
    return rows(table, key, *((name,) for name in names))


CASES = [
    case("W1", "wash_trade", "A B", 1, 5, "faint", {"trades": [["T1"], ["T2"], ["T3"], ["T4"]]}),
    case("W2", "wash_trade", "C D E", 1, 5, "plain", {"trades": [["T5"], ["T6"]], "transfers": [["M5"]]}),
    case("W3", "wash_trade", "F G", 10, 15, "blatant", {"trades": [["T7"]]}),
    case("W4", "wash_trade", "H I", 10, 15, "plain"),
    case("C1", "circular_trade", "J K L M", 1, 11, "plain", {"transfers": [["M1"], ["M2"], ["M3"]]}),
    case("C2", "circular_trade", "N O P", 20, 25, "faint", {"transfers": [["M9"]]}),
    case(
        "L1",
        "late_report",
        "X",
        1,
        31,
        "plain",
        {
            "activity_reports": [["U1", "2024-01-01", "coal", 1], ["U1", "2024-02-01", "coal", 1]],
            "emission_reports": [["X", 2023, 1]],
        },
    ),
    case(
        "L2",
        "late_report",
        "Y",
        1,
        31,
        "faint",
        {"meters_daily": [["U2", "2024-01-05", "feed"], ["U2", "2024-01-20", "feed"]]},
    ),
    case("S1", "spoofing", "A", 1, 5, "blatant", {"orders": [["O1"]]}),
]
ALERTS = [
    alert("a01", "wash_trade", "A", 2, 3, 0.9, ids("trades", "T1", "T2", "T99")),
    alert("a02", "wash_trade", "C", 2, 3, 0.9, ids("trades", "T5", "T6")),
    alert("a03", "wash_trade", "C D", 4, 9, 0.8, ids("trades", "T5", "T6")),
    alert("a04", "wash_trade", "A B", 5, 9, 0.8, ids("trades", "T4")),
    alert("a05", "wash_trade", "B Q", 1, 2, 0.7, ids("trades", "T2", "T3")),
    alert("a06", "wash_trade", "F G", 5, 10, 0.6),
    alert("a07", "wash_trade", "F G H I", 14, 20, 0.5, ids("trades", "T7", "T8")),
    alert("a08", "circular_trade", "J K", 10, 12, 0.6, ids("transfers", "M1", "M2"), ids("trades", "T50")),
    alert("a09", "circular_trade", "N", 20, 25, 0.6, ids("transfers", "M9")),
    alert(
        "a10",
        "late_report",
        "X",
        1,
        31,
        0.95,
        # A month as a moment, a year as text: keys are compared as what they mean.
        rows("activity_reports", "unit_id month", ("U1", "2024-01-01T00:00:00"), ("U1", "2024-03-01")),
        rows("emission_reports", "entity_id year", ("X", "2023")),
    ),
    alert(
        "a11",
        "late_report",
        "Y",
        20,
        29,
        0.6,
        # Half-open: the 20th is in, and so is the 10th; the 5th is not.
        rows("meters_daily", "unit_id meter", ("U2", "feed"), **{"from": "2024-01-10", "to": "2024-01-21"}),
    ),
    alert("a12", "volatility_regime", "CEA", 1, 5, 0.85),
]


@pytest.fixture(scope="module")
def result():
    return evaluate(pl.DataFrame(ALERTS), pl.DataFrame(CASES), TABLES)


def kind(result, name):
    return result.by_kind.row(by_predicate=pl.col("kind") == name, named=True)


def near(expected):
    return pytest.approx(float(expected), abs=1e-12)


def test_who_finds_what(result):
    assert result.matches.rows() == [
        ("a01", "W1"),
        ("a03", "W2"),
        ("a05", "W1"),
        ("a07", "W3"),
        ("a07", "W4"),
        ("a08", "C1"),
        ("a10", "L1"),
        ("a11", "L2"),
    ]


@pytest.mark.parametrize(
    ("name", "cases", "found", "alerts", "right"),
    [
        ("wash_trade", 4, 4, 7, 4),  # right: a01 a03 a05 a07
        ("circular_trade", 2, 1, 2, 1),
        ("late_report", 2, 2, 2, 2),
        ("spoofing", 1, 0, 0, 0),
        ("volatility_regime", 0, 0, 1, 0),
    ],
)
def test_counts_recall_and_precision(result, name, cases, found, alerts, right):
    row = kind(result, name)
    assert (row["cases"], row["found"], row["alerts"], row["right"]) == (cases, found, alerts, right)
    assert row["recall"] == (near(Fraction(found, cases)) if cases else None)
    assert row["precision"] == near(Fraction(right, alerts) if alerts else 0)


def test_average_precision_of_wash_trades(result):
    # ties: 0.9 takes 2, right 1: W1; 0.8 takes 4, right 2: W2; 0.7 takes 5, right 3: nothing new;
    # 0.6 takes 6, right 3: nothing; 0.5 takes 7, right 4: W3 and W4
    expected = (
        Fraction(1, 4) * Fraction(1, 2) + Fraction(1, 4) * Fraction(2, 4) + Fraction(2, 4) * Fraction(4, 7)
    )
    assert expected == Fraction(15, 28)
    assert kind(result, "wash_trade")["average_precision"] == near(expected)


def test_average_precision_of_the_other_kinds(result):
    # one tie of a right and a wrong alert, which finds one of two cases
    assert kind(result, "circular_trade")["average_precision"] == near(Fraction(1, 2) * Fraction(1, 2))
    assert kind(result, "late_report")["average_precision"] == 1
    assert kind(result, "spoofing")["average_precision"] == 0
    assert kind(result, "volatility_regime")["average_precision"] is None


def test_overall(result):
    # after 0.95: 1 taken, 1 right: L1;  0.9: 3, 2: W1;  0.85: 4, 2;  0.8: 6, 3: W2;  0.7: 7, 4;
    # 0.6 (a06 a08 a09 a11): 11, 6: C1 and L2;  0.5: 12, 7: W3 and W4.  S1 and C2 are never found.
    whole = result.overall
    assert (whole["cases"], whole["found"], whole["alerts"], whole["right"]) == (9, 7, 12, 7)
    assert whole["recall"] == near(Fraction(7, 9))
    assert whole["precision"] == near(Fraction(7, 12))
    expected = Fraction(1, 9) * (
        1 + Fraction(2, 3) + Fraction(3, 6) + 2 * Fraction(6, 11) + 2 * Fraction(7, 12)
    )
    assert expected == Fraction(146, 297)
    assert whole["average_precision"] == near(expected)


def test_precision_at_k(result):
    # k = 10 cuts the tie at 0.6: 7 alerts stand above, 4 of them right (a10 a01 a03 a05); of the tie's 4,
    # 2 right, 3 come in, so that 3 * 2/4 right ones are expected: 5.5 of 10
    assert result.overall["precision_at_10"] == near(Fraction(11, 2) / 10)
    # fewer than k alerts: all twelve count
    assert result.overall["precision_at_20"] == near(Fraction(7, 12))
    assert result.overall["precision_at_50"] == near(Fraction(7, 12))
    assert kind(result, "late_report")["precision_at_50"] == 1
    assert kind(result, "spoofing")["precision_at_10"] == 0
    assert kind(result, "volatility_regime")["precision_at_10"] == 0


def test_days_to_detection(result):
    # W1 starts on day 1 and a05 ends on day 2, before a01 on day 3: 1; W2: 9 - 1; W3 and W4: 20 - 10
    found = dict(result.cases.select("case_id", "days").iter_rows())
    assert found == {
        "W1": 1, "W2": 8, "W3": 10, "W4": 10, "C1": 11, "C2": None, "L1": 30, "L2": 28, "S1": None,
    }  # fmt: skip
    first = dict(result.cases.select("case_id", "first_alert_id").iter_rows())
    assert (first["W1"], first["W4"], first["S1"]) == ("a05", "a07", None)
    wash = kind(result, "wash_trade")
    assert (wash["days_median"], wash["days_p90"]) == (near(9), near(10))
    # 28 and 30: the 90th percentile lies nine tenths of the way
    assert kind(result, "late_report")["days_p90"] == near(Fraction(298, 10))
    # 1 8 10 10 11 28 30: place 0.9 * 6 = 5.4, four tenths of the way from 28 to 30
    assert (result.overall["days_median"], result.overall["days_p90"]) == (near(10), near(Fraction(288, 10)))
    assert kind(result, "spoofing")["days_median"] is None


def test_rows_of_wash_trades(result):
    row = kind(result, "wash_trade")
    # affected 4 + 3 + 1 + 0; named T1 T2 T3 of W1 (a01 and a05), T5 T6 of W2, T7 of W3. a04 names T4, but
    # does not find W1.
    assert (row["affected_rows"], row["named_rows"], row["row_recall"]) == (8, 6, near(Fraction(6, 8)))
    # no evidence names transfers, so that M5 is out: 6 of 7
    assert row["row_recall_shared"] == near(Fraction(6, 7))
    # evidence a01 3, a03 2, a05 2, a07 2; right without T99 and T8. a02 and a04 find nothing: not judged.
    assert (row["evidence_rows"], row["right_rows"], row["row_precision"]) == (9, 7, near(Fraction(7, 9)))
    assert row["broad_rows"] == 0


def test_rows_of_other_kinds(result):
    circular = kind(result, "circular_trade")
    # C1 3 rows, of which 2 are named; C2's row is named by a09 only, which does not find it
    assert (circular["affected_rows"], circular["named_rows"]) == (4, 2)
    assert circular["row_recall_shared"] == near(Fraction(2, 3))
    # C1 affected no trades, so that T50 is not judged
    assert (circular["evidence_rows"], circular["right_rows"]) == (2, 2)
    late = kind(result, "late_report")
    # L1: January and the annual report, not February; L2: the 20th, not the 5th
    assert (late["affected_rows"], late["named_rows"], late["row_recall_shared"]) == (
        5,
        3,
        near(Fraction(3, 5)),
    )
    # January right, March wrong, the annual report right, the range right; none gives a whole key
    assert (late["evidence_rows"], late["right_rows"], late["broad_rows"]) == (4, 3, 4)
    spoofing = kind(result, "spoofing")
    assert (spoofing["affected_rows"], spoofing["row_recall"], spoofing["row_precision"]) == (1, 0, None)


def test_rows_overall_and_by_table(result):
    whole = result.overall
    assert (whole["row_recall"], whole["row_precision"]) == (near(Fraction(11, 18)), near(Fraction(12, 15)))
    assert whole["row_recall_shared"] == near(Fraction(11, 15))
    assert result.rows.rows() == [
        ("wash_trade", "trades", 7, 6, 9, 7, 0),
        ("wash_trade", "transfers", 1, 0, 0, 0, 0),
        ("circular_trade", "transfers", 4, 2, 2, 2, 0),
        ("spoofing", "orders", 1, 0, 0, 0, 0),
        ("late_report", "activity_reports", 2, 1, 2, 1, 2),
        ("late_report", "emission_reports", 1, 1, 1, 1, 1),
        ("late_report", "meters_daily", 2, 1, 1, 1, 1),
    ]


def test_families(result):
    row = result.by_family.row(by_predicate=pl.col("family") == "manipulation", named=True)
    assert (row["cases"], row["found"], row["alerts"], row["right"]) == (7, 5, 9, 5)
    # 0.9: 2 taken, 1 right: W1; 0.8: 4, 2: W2; 0.6: 8, 4: C1; 0.5: 9, 5: W3 and W4
    assert row["average_precision"] == near(
        Fraction(1, 7) * (Fraction(1, 2) + Fraction(2, 4) + Fraction(4, 8) + 2 * Fraction(5, 9))
    )
    assert row["precision_at_10"] == near(Fraction(5, 9))


def test_severities(result):
    measured = {row["severity"]: row for row in result.by_severity.iter_rows(named=True)}
    assert list(measured) == ["faint", "plain", "blatant"]
    assert {name: (row["cases"], row["found"]) for name, row in measured.items()} == {
        "faint": (3, 2),  # W1 L2, not C2
        "plain": (4, 4),  # W2 W4 C1 L1
        "blatant": (2, 1),  # W3, not S1
    }
    assert measured["plain"]["row_recall"] == near(Fraction(2 + 2 + 2, 3 + 3 + 3))
    unjudged = ("alerts", "right", "precision", "average_precision", "precision_at_10", "row_precision")
    assert all(row[name] is None for row in measured.values() for name in unjudged)


def test_means_over_the_four_kinds_with_cases(result):
    assert result.macro["kinds"] == 4
    assert result.macro["recall"] == near((1 + Fraction(1, 2) + 1 + 0) / 4)
    assert result.macro["precision"] == near((Fraction(4, 7) + Fraction(1, 2) + 1 + 0) / 4)
    assert result.macro["average_precision"] == near((Fraction(15, 28) + Fraction(1, 4) + 1 + 0) / 4)


def test_wilson_intervals(result):
    z2 = 1.6448536269514722**2
    # 2 of 2 found by an alert each: n = 2, and at a share of 1 the lower end is 1 / (1 + z^2 / n)
    late = kind(result, "late_report")
    assert (late["recall_low"], late["recall_high"]) == (near(1 / (1 + z2 / 2)), 1)
    # W3 and W4 hang on one alert: happenings of 1, 1 and 2 cases, n = 16 / 6
    assert kind(result, "wash_trade")["recall_low"] == near(1 / (1 + z2 / (16 / 6)))
    # nothing found of 1: the upper end is (z^2 / n) / (1 + z^2 / n)
    spoofing = kind(result, "spoofing")
    assert (spoofing["recall_low"], spoofing["recall_high"]) == (0, near(z2 / (1 + z2)))
    assert spoofing["precision_low"] is None
    # all late reports come first, whatever is drawn: the bootstrap has nothing to say
    assert late["average_precision_low"] is None


def test_the_curve_of_wash_trades(result):
    curve = result.curves.filter(pl.col("kind") == "wash_trade").drop("kind").rows()
    assert curve == [
        (0.9, 2, 1, 1, 4),
        (0.8, 4, 2, 2, 4),
        (0.7, 5, 3, 2, 4),
        (0.6, 6, 3, 2, 4),
        (0.5, 7, 4, 4, 4),
    ]


def test_every_kind_of_the_contract_has_a_row(result):
    assert result.by_kind["kind"].to_list() == list(KINDS)
    silent = kind(result, "bid_rigging")
    assert (silent["cases"], silent["alerts"], silent["recall"], silent["precision"]) == (0, 0, None, None)
