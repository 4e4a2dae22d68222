"""The wheel, installed into an empty environment and run from another folder, has all that it needs inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import tui
from tests.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
UV = str(Path(sys.executable).with_name("uv"))
FOLDERS = (
    "tui",
    "panels",
    "sandbox",
    "actions",
    "repolint",
    "runbooks",
    "core",
    "incidents",
    "signals",
    "migrations",
    "profiles",
    "themes",
)


def run(*command: str, folder: Path) -> str:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [UV, "build", "--quiet", "--wheel", "--out-dir", str(out), str(ROOT)]
    # The build system is in the cache of the uv that made this environment; elsewhere it is fetched.
    if subprocess.run([*build, "--offline"], capture_output=True, check=False).returncode:
        run(*build, folder=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`warroom` of a fresh environment that borrows the dependencies of this one, but not the program."""
    place = tmp_path_factory.mktemp("installed")
    run(UV, "venv", "--quiet", "--offline", "--python", sys.executable, str(place / "venv"), folder=place)
    python = place / "venv" / "bin" / "python"
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--offline",
        "--no-deps",
        "--python",
        str(python),
        str(wheel),
        folder=place,
    )
    site = run(
        str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=place
    ).strip()
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    where = run(str(python), "-c", "import tui; print(tui.__file__)", folder=place)
    assert str(place) in where, "the test runs the working tree, not the wheel"
    return python.with_name("warroom")


def test_every_file_of_the_program_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert any(name.endswith(".tcss") for name in wanted)
    assert wanted - inside == set()
    assert not [name for name in inside if name.startswith(("tests/", ".ci/"))]


def test_it_tells_its_version_and_its_configuration(program: Path, tmp_path: Path) -> None:
    assert run(str(program), "--version", folder=tmp_path) == f"warroom {tui.__version__}\n"
    assert "sandbox" in json.loads(run(str(program), "config", "schema", folder=tmp_path))["properties"]


def test_its_sandbox_comes_up_from_another_folder_and_leaves_nothing_there(
    program: Path, tmp_path: Path
) -> None:
    told = json.loads(run(str(program), "sandbox", "--headless", "--seconds", "1", folder=tmp_path))
    assert told["ready"] is True
    assert list(tmp_path.iterdir()) == []
    assert not Path(told["config"]).exists()


def test_its_board_has_its_looks_and_its_languages(program: Path, tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text('[signals.prometheus]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    terminal = Terminal(
        [str(program), "--config", str(config), "--lang", "zh", "--theme", "high-contrast"],
        WARROOM_LOG=str(tmp_path / "log"),
    )
    terminal.wait_for("队列")
    for _ in range(4):
        terminal.press("t")
        terminal.read(0.3)
    terminal.press("L")
    terminal.wait_for("Queues")
    terminal.press("q")
    assert terminal.wait_end() == 0
