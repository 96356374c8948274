"""Texts exist in both languages with equal placeholders, wherever they stand."""

from __future__ import annotations

from string import Formatter

import pytest

from anomaly.core.kinds import FAMILIES, KINDS, SUBJECT_TYPES
from anomaly.core.policy import LEVELS
from anomaly.core.texts import LANGUAGES, Texts, keys, text, with_folders
from dashboards.language import MESSAGES as DESK
from expectations.runner import MESSAGES as QUALITY


def placeholders(template):
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def test_every_text_has_both_languages_and_equal_placeholders():
    for key, texts in with_folders(DESK, QUALITY).messages.items():
        assert set(texts) == set(LANGUAGES), key
        assert placeholders(texts["zh"]) == placeholders(texts["en"]), key


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_name_and_a_meaning(kind):
    for language in LANGUAGES:
        assert text(f"kinds.{kind}.name", language)
        assert text(f"kinds.{kind}.meaning", language)


def test_families_levels_and_subjects_are_named():
    for prefix, names in (("families", FAMILIES), ("levels", LEVELS), ("subject_types", SUBJECT_TYPES)):
        assert {key.split(".")[1] for key in keys(prefix)} == set(names)


def test_a_missing_text_names_its_key():
    with pytest.raises(KeyError, match=r"kinds\.nonsense"):
        text("kinds.nonsense", "zh")


def test_a_key_in_two_files_is_refused(tmp_path):
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("x: {zh: 一, en: one}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.yml.*x"):
        _ = Texts(tmp_path).messages
