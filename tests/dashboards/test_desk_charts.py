"""Pictures: what is drawn, and what is left out."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
from desk_market import market
from desk_world import demo

from dashboards import alerts as listing
from dashboards.charts import detail, flows, samples, style
from dashboards.charts import market as market_charts
from dashboards.charts import warnings as warning_charts
from dashboards.language import Words

EN = Words("en")


def spec(chart) -> dict:
    assert chart is not None
    return json.loads(chart.to_json())


def test_charts_of_empty_frames_are_left_out():
    days = market(5)["fct_market_days"].clear()
    assert market_charts.price(days, EN, "CNY") is None
    assert market_charts.volume(days, EN) is None
    assert market_charts.block_discount(days, EN) is None
    assert (
        flows.flows(
            flows.edges_of(
                demo()["fct_transfers"].clear(), "from_account_id", "to_account_id", "transferred_at"
            ),
            {},
            EN,
        )
        is None
    )
    assert warning_charts.matrix(pl.DataFrame(schema={"kind": pl.String}), EN) is None


def test_price_chart_without_limits_or_blocks_draws_only_the_close():
    days = market(5)["fct_market_days"].with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("limit_up", "limit_down", "block_average_price")
    )
    days = days.cast(dict.fromkeys(("close", "previous_close", "open", "high", "low"), pl.Float64))
    assert len(spec(market_charts.price(days, EN, "CNY"))["layer"]) == 1


def test_flow_graph_keeps_direction_and_marks_self_trades():
    rows = pl.DataFrame(
        {
            "from_account_id": ["a", "b", "c", "c", "a"],
            "to_account_id": ["b", "c", "a", "c", "b"],
            "quantity_tco2e": [10, 10, 10, 4, 5],
            "transferred_at": [dt.datetime(2025, 3, day) for day in (2, 1, 3, 5, 4)],
        }
    )
    edges = flows.edges_of(rows, "from_account_id", "to_account_id", "transferred_at")
    first = edges.select("source", "target", "tonnes", "movements", "place").row(0)
    assert first == ("a", "b", 15, 2, 2)
    assert dict(edges.select("place", "source").iter_rows()) == {1: "b", 2: "a", 3: "c", 4: "c"}
    drawn = spec(flows.flows(edges, {"a": "Alpha"}, EN))
    points = [row for values in drawn["datasets"].values() for row in values if "own" in row]
    assert {row["id"]: row["own"] for row in points} == {"a": False, "b": False, "c": True}
    assert {row["name"] for row in points} == {"Alpha", "b", "c"}


def test_figures_state_value_threshold_unit_and_direction_and_no_bar_is_cut():
    rows = pl.DataFrame(
        {
            "name": ["distance", "volume", "away", "count"],
            "value": [103.0, 20.0, -0.2, 5.0],
            "threshold": [6.0, 80.0, 0.1, None],
            "text": ["103", "20", "-0.2", "5"],
            "limit": ["6", "80", "0.1", "–"],
            "unit": ["errors", "t", "fraction", ""],
            "less_is_worse": [False, True, False, False],
        }
    )
    drawn = spec(detail.figures(rows, EN))
    bars = {row["name"]: row for values in drawn["datasets"].values() for row in values}
    assert bars["distance"]["said"] == "103 errors (Threshold 6; higher is worse)"
    assert bars["volume"]["said"] == "20 t (Threshold 80; lower is worse)"
    # The proportion of figure and threshold is kept, however far apart they are.
    proportions = {name: round(row["bar"] / row["mark"], 6) for name, row in bars.items()}
    assert proportions == {"distance": round(103 / 6, 6), "volume": 0.25, "away": 2.0}
    assert all(row["worse"] for row in bars.values())
    assert detail.figures(rows.tail(1), EN) is None


def test_sample_before_sampling_lies_left_of_zero():
    rows = demo()["fct_lab_tests"].filter("tested_before_sampled")
    drawn = spec(samples.sample_dates(rows, EN))
    days = [row["days"] for values in drawn["datasets"].values() for row in values if row["step"] == "Tested"]
    assert max(days) < 0


def test_levels_have_one_colour_each():
    assert list(style.LEVEL_COLOURS) == list(listing.LEVELS)


def test_chart_data_is_never_an_address():
    chart = spec(warning_charts.matrix(listing.by_kind(pl.DataFrame({"kind": ["x"], "level": ["red"]})), EN))
    assert "href" not in json.dumps(chart)
    assert '"url"' not in json.dumps({key: value for key, value in chart.items() if key != "$schema"})
