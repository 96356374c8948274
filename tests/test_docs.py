"""What the documents say exists does exist."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from pipelines.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}


@pytest.mark.parametrize("page", TEXTS)
def test_links_and_pictures_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)", TEXTS[page])
    local = [target for target in targets if "://" not in target]
    missing = [target for target in local if not ((ROOT / page).parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", TEXTS)
def test_make_targets_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.M))
    named = set(re.findall(r"(?:^    |`)make ([a-z][a-z-]*)", TEXTS[page], re.M))
    assert named <= targets


@pytest.mark.parametrize("page", TEXTS)
def test_commands_and_options_exist(page):
    commands = get_command(app).commands
    for line in re.findall(r"(?:^    |`|/)carbonwarden ([a-z].*)$", TEXTS[page], re.M):
        words = line.split("#")[0].split("`")[0].split()
        assert words[0] in commands, line
        known = {option for parameter in commands[words[0]].params for option in parameter.opts}
        assert {word.split("=")[0] for word in words if word.startswith("--")} <= known, line


def test_every_direct_dependency_says_why_it_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"].values()
    wanted = [*project["project"]["dependencies"], *(item for group in groups for item in group)]
    names = {re.match(r"[A-Za-z0-9_-]+", item)[0] for item in wanted}
    described = set(
        re.findall(
            r"[a-z0-9_-]+", " ".join(re.findall(r"^\| ([^|]+) \|", TEXTS["docs/dependencies.md"], re.M))
        )
    )
    assert names <= described
    assert described - names <= {"package"}


def test_locks_hold_every_direct_dependency_with_hashes():
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        pinned = re.findall(r"^[A-Za-z0-9_.\[\],-]+==[^ ]+ \\\n    --hash=", text, re.M)
        assert len(pinned) == len(re.findall(r"^[A-Za-z0-9_.\[\],-]+==", text, re.M))
        assert len(pinned) > 100 or (lock.stem == "installer" and len(pinned) == 1)


def test_the_two_readmes_name_the_same_commands():
    def commands(page: str) -> list[str]:
        return [
            line.split("#")[0].strip()
            for line in re.findall(r"^    ((?:make|carbonwarden) .*)$", TEXTS[page], re.M)
        ]

    assert commands("README.md") == commands("README.zh.md")


def test_every_environment_variable_is_described():
    code = subprocess.run(
        ["git", "grep", "-ohE", "CARBONWARDEN_[A-Z_]+", "--", "pipelines", "dbt_project", "dashboards"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if code.returncode:
        pytest.skip("not a git checkout")
    described = set(re.findall(r"CARBONWARDEN_[A-Z_]+", (ROOT / ".env.example").read_text(encoding="utf-8")))
    internal = {"CARBONWARDEN_WAREHOUSE"} | {name for name in code.stdout.split() if "_SPARK_" in name}
    assert {name.rstrip("_") for name in code.stdout.split()} - internal - {"CARBONWARDEN"} <= described
