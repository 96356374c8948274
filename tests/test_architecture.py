"""The house's walls: who may import whom, and that nothing happens at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("models", "anomaly", "expectations", "dashboards", "pipelines")

ALLOWED = {
    "models": {"models"},
    "anomaly": {"anomaly", "models"},
    "expectations": {"expectations"},
    "dashboards": {
        "dashboards",
        "anomaly.core.texts",
        "anomaly.core.kinds",
        "pipelines.core.settings",
        "pipelines.contract",
    },
    "pipelines": {"pipelines", "models", "anomaly", "expectations"},
}
FOREIGN = {
    "models": {"dagster", "streamlit", "great_expectations", "dbt"},
    "anomaly": {"dagster", "streamlit", "great_expectations", "dbt"},
    "expectations": {"dagster", "streamlit", "dbt"},
    "dashboards": {"dagster", "great_expectations", "dbt", "sklearn", "duckdb"},
}


def _modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _within(name: str, allowed: set[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in allowed)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(room)
        for name in _imports(path)
        if name.split(".")[0] in ROOMS
        and not _within(name, ALLOWED[room])
        and not any(prefix.startswith(name + ".") for prefix in ALLOWED[room])
    ]
    assert not wrong


@pytest.mark.parametrize("room", FOREIGN)
def test_rooms_keep_out_what_is_not_theirs(room):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(room)
        for name in _imports(path)
        if name.split(".")[0] in FOREIGN[room]
    ]
    assert not wrong


def test_the_simulator_and_the_detectors_do_not_know_each_other():
    simulator = ROOT / "pipelines" / "simulator"
    inward = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in simulator.rglob("*.py")
        for name in _imports(path)
        if name.split(".")[0] in {"anomaly", "models", "expectations"}
    ]
    outward = [
        f"{path.relative_to(ROOT)} imports {name}"
        for room in ("models", "anomaly", "expectations", "dashboards")
        for path in _modules(room)
        for name in _imports(path)
        if name.startswith("pipelines.simulator")
    ]
    assert not inward + outward


def test_nobody_imports_the_assembly():
    wrong = [
        path
        for room in ROOMS
        for path in _modules(room)
        if "pipelines.definitions" in _imports(path) and path.name not in {"run.py"}
    ]
    assert not wrong


def test_settings_do_not_load_dagster():
    script = (
        "import sys, pipelines.core.settings, pipelines.publication.query, pipelines.publication.snapshots; "
        "sys.exit('dagster' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_no_two_files_hide_a_room():
    hidden = [p for p in (ROOT / "dashboards").glob("*") if p.stem in {*ROOMS, "pages"} - {"dashboards"}]
    assert not hidden


GUARD = """
import builtins, io, os, socket, sys, importlib, pathlib
sys.path.insert(0, {root!r})
names = {names!r}
# Third-party packages may do as they like; only the house's own modules are watched.
for name in {foreign!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
root = {root!r}

def watch(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith(root):
        path = args[0]
        if ".venv" in path or path.endswith((".py", ".pyc")) or "__pycache__" in path:
            return
        raise RuntimeError("opened at import: " + path)
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError("at import: " + event)

sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
"""


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_opened_or_fetched_at_import(room):
    names = []
    for path in _modules(room):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        # The desk's pages are scripts that Streamlit runs, not modules that anyone imports.
        if not (room == "dashboards" and ("views" in parts or parts[-1] == "app")):
            names.append(name)
    foreign = sorted(
        {
            name.split(".")[0]
            for path in _modules(room)
            for name in _imports(path)
            if name.split(".")[0] not in ROOMS
        }
    )
    script = GUARD.format(root=str(ROOT), names=names, foreign=foreign)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]


def test_rooms_carry_their_sign():
    for room in ROOMS:
        sign = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8")))
        assert sign and "elongs here" in sign and "not belong here" in sign, room


def test_the_project_speaks_of_itself_alone():
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
