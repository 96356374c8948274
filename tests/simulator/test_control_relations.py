"""Declared control has a history, agrees with the directories at its end and shows nothing else."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.scales import SCALES
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import build_world
from tests.shared import Written

KEY = ["subject_type", "subject_id"]


@pytest.fixture
def relations(market: Written) -> pl.DataFrame:
    return market["control_relations"]


@pytest.mark.parametrize(
    ("subject_type", "directory", "subject", "controller"),
    [("account", "accounts", "account_id", "controller_id"), ("entity", "entities", "entity_id", "group_id")],
)
def test_the_last_relations_are_those_of_the_directories(
    market: Written, relations: pl.DataFrame, subject_type: str, directory: str, subject: str, controller: str
):
    last = relations.filter((pl.col("subject_type") == subject_type) & pl.col("valid_to").is_null())
    stated = market[directory].filter(pl.col(controller).is_not_null())
    assert sorted(last.select("subject_id", "controller_id").rows()) == sorted(
        stated.select(subject, controller).rows()
    )


def test_what_is_not_declared_has_no_row(market: Written, relations: pl.DataFrame):
    silent = market["accounts"].filter(pl.col("controller_id").is_null())["account_id"]
    assert silent.len() > 0
    assert not set(silent) & set(relations["subject_id"])


def test_relations_of_a_subject_follow_each_other(relations: pl.DataFrame):
    ordered = relations.sort(*KEY, "valid_from").with_columns(
        pl.col("valid_from").shift(-1).over(KEY).alias("next_from")
    )
    changed = ordered.filter(pl.col("next_from").is_not_null())
    assert changed.height > 0
    assert (changed["valid_to"] + timedelta(days=1)).equals(changed["next_from"], check_names=False)
    ended = ordered.filter(pl.col("next_from").is_null())
    assert ended["valid_to"].is_null().all()


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_a_group_splits_off_and_emitters_are_taken_over_within_the_span(seed: int):
    timeline = Timeline.ending(2)
    world = build_world(SCALES["small"], timeline, Streams(seed))
    former = world.ownership.former
    moves = [(past.group, past.day, int(world.entities.group[entity])) for entity, past in former.items()]
    assert all(timeline.first_day < day < timeline.last_day and old != new for old, day, new in moves)
    split = [
        group
        for group in {new for _, _, new in moves}
        if {world.entities.id[e] for e in np.flatnonzero(world.entities.group == group)}
        == {world.entities.id[e] for e in former if world.entities.group[e] == group}
        and len({(old, day) for old, day, new in moves if new == group}) == 1
    ]
    assert split, "no group whose members all left another group on one day"
    assert len({(old, day) for old, day, _ in moves}) > 1, "nothing but the split"


def test_only_members_of_their_present_group_act_as_its_members():
    world = build_world(SCALES["small"], Timeline.ending(2), Streams(7))
    entity, past = next(iter(world.ownership.former.items()))
    assert not world.has_present_group(entity, past.day - timedelta(days=1))
    assert world.has_present_group(entity, past.day)
    assert world.has_present_group(world.key_emitters, past.day - timedelta(days=1))
