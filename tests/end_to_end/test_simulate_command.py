"""`carbonwarden simulate` as a user types it: a market, dirt in it, and cases planted in given data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.command import Called, call


@pytest.fixture(scope="module")
def dirty(tmp_path_factory) -> tuple[Path, Called]:
    out = tmp_path_factory.mktemp("simulated") / "market"
    return out, call("simulate", "--out", out, "--seed", 3, "--years", 1, "--dirt", 0.01)


def test_a_market_says_what_it_wrote(dirty):
    out, result = dirty
    assert result.returncode == 0, result.stderr
    for said in ("cems_hourly", "Known cases", "manipulation", "falsification", "compliance", "market_risk"):
        assert said in result.stdout
    assert f"The labels are in {out}.labels.parquet" in result.stdout
    assert "Dirty records:" in result.stdout
    kinds = pl.read_parquet(f"{out}.labels.parquet")["kind"].n_unique()
    assert kinds >= 35
    assert pl.read_parquet(f"{out}.dirt.parquet").height > 100
    assert list(Path(f"{out}.later").rglob("*.parquet"))
    assert not [path for path in out.rglob("*") if "label" in path.name or "dirt" in path.name]


def test_cases_are_planted_into_given_data(dirty, tmp_path):
    source, _ = dirty
    out = tmp_path / "copy"
    kinds = "late_report,price_corridor"
    result = call("simulate", "--out", out, "--into", source, "--kinds", kinds, "--seed", 5)
    assert result.returncode == 0, result.stderr
    assert set(pl.read_parquet(f"{out}.labels.parquet")["kind"]) == {"late_report"}
    assert "Not planted: price_corridor" in result.stdout
    assert "activity_reports" in result.stdout or "emission_reports" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kinds", "wash_trade"], "--into"),
        (["--into", "{tmp}/none"], "expected a source directory"),
        (["--into", "{tmp}", "--dirt", "0.1"], "--dirt"),
        (["--into", "{tmp}", "--scale", "small"], "--scale"),
        (["--into", "{tmp}", "--format", "parquet"], "--format"),
        (["--into", "{tmp}"], "outside of"),
        (["--dirt", "2"], "expected a share"),
        (["--years", "9"], "expected 1 to 2"),
        (["--scale", "galactic"], "national"),
    ],
)
def test_wrong_use_is_refused(arguments, message, tmp_path):
    filled = [argument.format(tmp=tmp_path) for argument in arguments]
    result = call("simulate", "--out", tmp_path / "out", *filled)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_later_delivery_in_the_way_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "out.later").mkdir()
    result = call("simulate", "--out", tmp_path / "out", "--dirt", "0.1")
    assert result.returncode == 2, result.stderr
    assert "exists already" in result.stderr
    assert not (tmp_path / "out").exists()
