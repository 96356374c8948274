"""The packages: who may import whom, no circles, nothing happens at import, and each says what it holds."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("models", "anomaly", "expectations", "dashboards", "pipelines")

# Package -> what it may import of the project besides itself. An entry stands for everything below it.
ANALYSIS = {"models", "anomaly", "expectations"}
STORES = {"pipelines.lake", "pipelines.warehouse", "pipelines.publication"}
BASE = {"pipelines.core", "pipelines.contract"}
ALLOWED = {
    "models": set(),
    "anomaly": {"models"},
    "expectations": set(),
    "dashboards": {"anomaly.core", "pipelines.cases", "pipelines.reports", *BASE},
    "pipelines.core": set(),
    "pipelines.contract": {"pipelines.core"},
    "pipelines.sources": BASE,
    "pipelines.simulator": BASE,
    "pipelines.lake": BASE,
    "pipelines.warehouse": {*BASE, "pipelines.lake"},
    "pipelines.publication": {*BASE, "expectations", "pipelines.lake", "pipelines.warehouse"},
    "pipelines.cases": {*BASE, "pipelines.publication"},
    "pipelines.reports": {*BASE, "pipelines.publication"},
    "pipelines.orchestration": {
        *ANALYSIS,
        *BASE,
        *STORES,
        "pipelines.cases",
        "pipelines.reports",
        "pipelines.sources.connectors",
    },
    "pipelines.definitions": {"pipelines.orchestration"},
    "pipelines.bench": {
        *BASE,
        *STORES,
        "pipelines.orchestration",
        "pipelines.simulator",
        "pipelines.sources",
    },
    "pipelines.cli": {
        *ANALYSIS,
        *BASE,
        *STORES,
        "pipelines.bench",
        "pipelines.cases",
        "pipelines.orchestration",
        "pipelines.reports",
        "pipelines.simulator",
        "pipelines.sources",
    },
}

# Library -> the only places that may import it. An entry stands for everything below it.
CONFINED = {
    "dagster": {"pipelines.definitions", "pipelines.orchestration"},
    "dagster_dbt": {"pipelines.definitions", "pipelines.orchestration"},
    "dbt": {"pipelines.warehouse"},
    "great_expectations": {"expectations"},
    "sklearn": {"models", "anomaly.evaluation"},
    "streamlit": {"dashboards"},
    "typer": {"pipelines.cli"},
}
# What the desk must not need besides: it reads published files and nothing else.
DESK_WITHOUT = {"duckdb", "dagster", "great_expectations", "dbt", "sklearn"}


def _within(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(place + ".") for place in places)


@cache
def _modules() -> dict[str, Path]:
    """Module name -> file, of everything that the project installs."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def _imports(module: str) -> frozenset[str]:
    """Full names that a module imports anywhere in it; a submodule by its own name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(_modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively; name the package"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in _modules() else str(node.module))
    return frozenset(found)


def _package(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "pipelines" else parts[0]


def _own(module: str) -> set[str]:
    return {name for name in _imports(module) if name.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_run_one_way(package):
    wrong = [
        f"{module} imports {name}"
        for module in _modules()
        if _package(module) == package
        for name in _own(module)
        if not _within(name, {package, *ALLOWED[package]})
    ]
    assert not wrong


def test_every_package_has_its_directions_stated():
    assert {_package(module) for module in _modules()} - {"pipelines"} <= set(ALLOWED)
    assert not _own("pipelines")


def test_the_stated_directions_have_no_circle():
    tuple(TopologicalSorter(ALLOWED).static_order())


def test_no_circle_among_modules_or_packages():
    """In every package its direct children, modules and sub-packages, import each other one way only."""
    children: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module in _modules():
        for name in _own(module) - {module}:
            ours, theirs = module.split("."), name.split(".")
            depth = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
            if depth is not None:
                children[".".join(ours[:depth])][ours[depth]].add(theirs[depth])
    circles = {}
    for parent, graph in children.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as circle:
            circles[parent or "the project"] = circle.args[1]
    assert not circles


@pytest.mark.parametrize("library", CONFINED)
def test_libraries_stay_where_they_are_used(library):
    users = [module for module in _modules() if any(n.split(".")[0] == library for n in _imports(module))]
    assert not [module for module in users if not _within(module, CONFINED[library])]


def test_the_desk_reads_published_files_alone():
    wrong = [
        f"{module} imports {name}"
        for module in _modules()
        if _package(module) == "dashboards"
        for name in _imports(module)
        if name.split(".")[0] in DESK_WITHOUT
    ]
    assert not wrong


def test_only_packages_and_the_code_location_stand_in_pipelines():
    assert {path.name for path in (ROOT / "pipelines").glob("*.py")} == {"__init__.py", "definitions.py"}


def test_settings_do_not_load_dagster():
    script = (
        "import sys, pipelines.core.settings, pipelines.publication.query, pipelines.publication.snapshots; "
        "sys.exit('dagster' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_no_file_of_the_desk_hides_a_package():
    """Streamlit puts the folder of its script first on the path."""
    hiding = [path for path in (ROOT / "dashboards").glob("*") if path.stem in {*PACKAGES, "pages"}]
    assert not [path for path in hiding if path.stem != "dashboards"]


GUARD = """
import importlib, sys
sys.path.insert(0, {root!r})
# Libraries may open files when they are imported; only the project's own modules are watched.
for name in {foreign!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass

def watch(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith({root!r}):
        path = args[0]
        if ".venv" in path or path.endswith((".py", ".pyc")) or "__pycache__" in path:
            return
        raise RuntimeError("opened at import: " + path)
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError("at import: " + event)

sys.addaudithook(watch)
for name in {names!r}:
    importlib.import_module(name)
"""


def test_nothing_is_opened_or_fetched_at_import():
    modules = [module for module in _modules() if module.split(".")[0] in PACKAGES]
    foreign = sorted({name.split(".")[0] for module in modules for name in _imports(module)} - set(PACKAGES))
    # The desk's pages are scripts that Streamlit runs, not modules that anyone imports.
    names = [m for m in modules if not m.startswith(("dashboards.views.", "dashboards.app"))]
    script = GUARD.format(root=str(ROOT), names=names, foreign=foreign)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize("package", [name for name in ALLOWED if name != "pipelines.definitions"])
def test_packages_say_what_belongs_in_them(package):
    if package not in _modules():
        pytest.skip("not there yet")
    text = ast.get_docstring(ast.parse(_modules()[package].read_text(encoding="utf-8"))) or ""
    assert "elongs here" in text
    assert "not belong here" in text


def test_the_project_names_no_registry_and_no_path_of_a_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    hosts = ("pypi" + ".org", "python" + "hosted", "deb.debian" + ".org")
    wrong = []
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".parquet"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong += [f"{name}: {host}" for host in hosts if host in text]
        if str(ROOT.parent) != "/" and str(ROOT) in text:
            wrong.append(f"{name}: a path of this machine")
    assert not wrong
