"""The rule of an hour, worked by hand.

Flow 100 Nm3/s is 360,000 Nm3/h; at 12 % CO2 and 44.0095/22.414 = 1.963483 kg/m3 that is
360,000 x 0.12 x 1.963483 / 1000 = 84.8225 t an hour. Each case is a station of its own; all of them are
closed together, since one closing costs as much as a hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from tests.telemetry.making import COLUMNS, HOUR, Home, content, local, minute, segment, stations

TONNES = 84.8225
CASES: dict[str, tuple[dict[str, object], Callable[[str], Iterable[bytes]]]] = {}


def _case(name: str, segments: Callable[[str], Iterable[bytes]], **entry: object) -> str:
    """A station whose entry and data segments are a case; its name."""
    CASES[name] = (entry, segments)
    return name


def _minutes(*parts: tuple[range, dict[str, object]]) -> Callable[[str], Iterable[bytes]]:
    """Minute records of ranges of minutes."""
    return lambda station: [minute(n, station=station, **how) for numbers, how in parts for n in numbers]


def _moment(station: str, seconds: int, flow: object, mark: str = "N") -> bytes:
    moment = HOUR + timedelta(seconds=seconds)
    text = content(moment, "Rtd", mark, a00000=flow, a05001=12)
    return segment(2011, text, station, f"{local(moment)}500")


def _stated(station: str, flow: object, mark: str = "N") -> bytes:
    return segment(2061, content(HOUR, mark=mark, a00000=flow, a05001=12), station, f"{local(HOUR)}061")


def _totals(station: str, command: int, numbers: range, kilograms: int) -> list[bytes]:
    return [
        segment(command, content(HOUR + timedelta(minutes=n), "Cou", a05001=kilograms), station, f"{n}")
        for n in numbers
    ]


MASS = {"co2_mass": {"code": "a05001", "unit": "kg", "total": True}}
ALL = range(60)


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> dict[str, dict[str, object]]:
    """Case -> its closed hour."""
    entries = {name: {"unit": name, **entry} for name, (entry, _) in CASES.items()}
    home = Home(tmp_path_factory.mktemp("hours"), stations(**entries))
    home.receive(*(data for name, (_, segments) in CASES.items() for data in segments(name)))
    home.close()
    found = {row["unit_id"]: row for row in home.closed()}
    assert len(found) == len(home.closed()) == len({entry["unit"] for entry in entries.values()})
    return found


WHOLE = _case("whole", _minutes((ALL, {})))


def test_sixty_minutes_make_a_valid_hour(rows):
    row = rows[WHOLE]
    assert (row["quality"], row["basis"], row["usable_minutes"]) == ("valid", "minutes", 60)
    assert row["flow"] == 360_000
    assert row["co2_concentration"] == 12
    assert row["co2_mass"] == pytest.approx(TONNES, abs=1e-4)
    assert row["hour"] == HOUR.replace(tzinfo=None)
    assert row["o2"] is None


MIXED = _case(
    "mixed",
    _minutes((range(30), {}), (range(30, 50), {"flow": 200}), (range(50, 60), {"flow": 999, "mark": "C"})),
)


def test_the_mean_of_the_usable_minutes_counts(rows):
    """30 minutes at 100, 20 at 200 Nm3/s, 10 in calibration: (30 x 100 + 20 x 200) / 50 = 140 Nm3/s."""
    assert rows[MIXED]["flow"] == pytest.approx(140 * 3600)
    assert (rows[MIXED]["quality"], rows[MIXED]["usable_minutes"]) == ("valid", 50)


ENOUGH = _case("enough", _minutes((range(45), {})))
TOO_FEW = _case("too_few", _minutes((range(44), {})))


def test_forty_five_minutes_are_enough_and_forty_four_are_not(rows):
    assert (rows[ENOUGH]["quality"], rows[ENOUGH]["flow"]) == ("valid", 360_000)
    assert rows[TOO_FEW]["quality"] == "missing"
    assert (rows[TOO_FEW]["flow"], rows[TOO_FEW]["co2_mass"]) == (None, None)


MARKS = {
    "C": "calibration",
    "M": "maintenance",
    "D": "fault",
    "T": "fault",
    "F": "missing",
    "B": "missing",
    "S": "substituted",
    "X": "fault",
    "n": "valid",
}
for mark in MARKS:
    _case(f"mark_{mark}", _minutes((ALL, {"mark": mark})))


@pytest.mark.parametrize(("mark", "quality"), MARKS.items())
def test_marks_name_the_quality(rows, mark, quality):
    row = rows[f"mark_{mark}"]
    assert row["quality"] == quality
    assert (row["flow"] is not None) == (quality in ("valid", "substituted"))


MAINTAINED = _case(
    "maintained", _minutes((range(20), {}), (range(20, 35), {"mark": "C"}), (range(35, 51), {"mark": "M"}))
)
TIED = _case("tied", _minutes((range(20), {}), (range(20, 40), {"mark": "C"})))


def test_the_most_frequent_reason_names_an_unusable_hour(rows):
    """20 valid, 15 in calibration, 16 in maintenance and 9 without a record."""
    assert rows[MAINTAINED]["quality"] == "maintenance"


def test_of_equally_frequent_reasons_the_first_in_precedence_names_the_hour(rows):
    """20 minutes each: valid, in calibration, without a record."""
    assert rows[TIED]["quality"] == "missing"


SET = _case("set", _minutes((range(40), {}), (range(40, 50), {"flow": 130, "mark": "S"})))


def test_set_values_help_an_hour_over_the_threshold_and_name_it(rows):
    assert rows[SET]["quality"] == "substituted"
    assert rows[SET]["flow"] == pytest.approx((40 * 100 + 10 * 130) / 50 * 3600)


NO_NUMBERS = ("-", "nan", "", "1e999")
for number, value in enumerate(NO_NUMBERS):
    _case(f"no_number_{number}", _minutes((range(20), {"flow": value}), (range(20, 60), {})))


@pytest.mark.parametrize("number", range(len(NO_NUMBERS)))
def test_what_is_no_number_is_no_figure(rows, number):
    row = rows[f"no_number_{number}"]
    assert (row["quality"], row["usable_minutes"]) == ("missing", 40)


OUTSIDE = _case(
    "outside",
    _minutes((range(20), {"flow": 9999}), (range(20, 60), {})),
    columns={"flow": {**COLUMNS["flow"], "low": 0, "high": 500}},
)


def test_a_figure_outside_of_the_instruments_range_is_a_fault(rows):
    row = rows[OUTSIDE]
    assert (row["quality"], row["usable_minutes"], row["flow"]) == ("fault", 40, None)


TENS = _case("tens", lambda s: [minute(n, flow=100 + n, station=s) for n in range(0, 60, 10)], minutes=10)
ENDS = _case("ends", _minutes((range(10, 70, 10), {})), minutes=10, data_time="end")


def test_a_record_of_ten_minutes_covers_ten(rows):
    assert (rows[TENS]["usable_minutes"], rows[TENS]["flow"]) == (60, 125 * 3600)


def test_a_period_may_be_named_by_its_end(rows):
    """Ends at 08:10, …, 09:00 are the six periods of the hour that begins at 08:00."""
    assert (rows[ENDS]["usable_minutes"], rows[ENDS]["quality"]) == (60, "valid")


MOMENTS = _case(
    "moments",
    lambda s: [
        *(_moment(s, 60 * n + 5, 90) for n in ALL),
        *(_moment(s, 60 * n + 35, 110) for n in ALL),
        _moment(s, 50, 500, "C"),
    ],
)
BOTH = _case("both", lambda s: [_moment(s, 60 * n, 500) for n in ALL] + [minute(n, station=s) for n in ALL])


def test_moments_make_minutes_where_no_minute_record_does(rows):
    """Two moments a minute, 90 and 110; one of 500 in calibration does not count beside a valid one."""
    assert (rows[MOMENTS]["usable_minutes"], rows[MOMENTS]["flow"]) == (60, 360_000)


def test_a_minute_record_counts_before_moments(rows):
    assert rows[BOTH]["flow"] == 360_000


MINUTE_TOTALS = _case("minute_totals", lambda s: _totals(s, 2051, range(50), 1000), columns=MASS)
HOUR_TOTAL = _case("hour_total", lambda s: _totals(s, 2061, range(1), 84_000), columns=MASS)


def test_totals_are_brought_to_the_hour(rows):
    """1 t a minute in 50 minutes: the mean of the usable minutes by 60 is 60 t."""
    assert rows[MINUTE_TOTALS]["co2_mass"] == pytest.approx(60)
    assert rows[MINUTE_TOTALS]["quality"] == "valid"


def test_the_stations_own_total_is_that_of_the_hour(rows):
    assert rows[HOUR_TOTAL]["co2_mass"] == pytest.approx(84)
    assert rows[HOUR_TOTAL]["basis"] == "station_hour"


OWN = _case("own", lambda s: [*(minute(n, flow=50, station=s) for n in range(30)), _stated(s, 100)])
OWN_UNUSABLE = _case("own_unusable", lambda s: [_stated(s, 100, "M")])


def test_the_stations_own_hour_counts_where_minutes_do_not(rows):
    assert (rows[OWN]["basis"], rows[OWN]["quality"]) == ("station_hour", "valid")
    assert rows[OWN]["co2_mass"] == pytest.approx(TONNES, abs=1e-4)


def test_an_unusable_hour_of_the_station_names_the_quality(rows):
    row = rows[OWN_UNUSABLE]
    assert (row["quality"], row["basis"], row["flow"]) == ("maintenance", "none", None)


DIFFERENCES = {100: 0.0, 110: 0.0909, 0: 1.0}
for stated in DIFFERENCES:
    _case(f"stated_{stated}", lambda s, v=stated: [*(minute(n, station=s) for n in ALL), _stated(s, v)])


@pytest.mark.parametrize(("stated", "difference"), DIFFERENCES.items())
def test_the_stations_own_hour_is_compared_with_the_computed_one(rows, stated, difference):
    row = rows[f"stated_{stated}"]
    assert (row["flow"], row["basis"]) == (360_000, "minutes")
    assert row["station_difference"] == pytest.approx(difference, abs=1e-4)


WITHOUT_OXYGEN = _case("without_oxygen", _minutes((ALL, {})), columns={"o2": {"code": "a19001", "unit": "%"}})


def test_quality_is_that_of_the_columns_that_give_the_mass(rows):
    assert (rows[WITHOUT_OXYGEN]["quality"], rows[WITHOUT_OXYGEN]["o2"]) == ("valid", None)


_case("stack_1", _minutes((ALL, {})), unit="stacks")
_case("stack_2", _minutes((ALL, {"flow": 300, "co2": 10})), unit="stacks")
_case("stack_3", _minutes((ALL, {})), unit="half known")
_case("stack_4", _minutes((range(20), {})), unit="half known")


def test_two_stacks_of_a_unit_are_added_and_weighted_by_flow(rows):
    """100 Nm3/s at 12 % and 300 Nm3/s at 10 %: 400 Nm3/s at 10.5 %."""
    row = rows["stacks"]
    assert row["flow"] == pytest.approx(400 * 3600)
    assert row["co2_concentration"] == pytest.approx(10.5)
    assert row["co2_mass"] == pytest.approx(400 * 3600 * 0.105 * 44.0095 / 22.414 / 1000)
    assert row["stations"] == "stack_1,stack_2"


def test_a_unit_is_not_known_where_one_of_its_stacks_is_not(rows):
    row = rows["half known"]
    assert (row["quality"], row["flow"], row["co2_mass"]) == ("missing", None, None)


# 12 % of 1.963483 kg/m3 is 235.618 g/m3.
UNITS = {"ppm": 120_000, "mg/m3": 235_618, "g/m3": 235.618}
for unit, sent in UNITS.items():
    _case(
        f"in_{unit[:2].strip('/')}",
        _minutes((ALL, {"co2": sent})),
        columns={"co2_concentration": {"code": "a05001", "unit": unit}},
    )


@pytest.mark.parametrize("unit", UNITS)
def test_units_of_concentration(rows, unit):
    assert rows[f"in_{unit[:2].strip('/')}"]["co2_concentration"] == pytest.approx(12, rel=1e-4)
