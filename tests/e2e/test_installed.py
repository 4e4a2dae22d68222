"""The wheel, installed into an empty environment and run from another folder, has all that it needs inside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tui
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"
UV = str(Path(sys.executable).with_name("uv"))
ROOMS = tuple(
    path.name
    for path in ROOT.iterdir()
    if path.name != "tests" and next(path.rglob("*.py"), None) and path.name[0] != "."
)
FOREIGN = ("actions", "core", "migrations", "panels", "response", "signals", "tui")
"""Packages that a project may well have of its own."""


def run(*command: str, folder: Path, **more: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    } | more
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
    site = run(str(python), "-c", SITE, folder=place).strip()
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    where = run(str(python), "-c", "import warroom; print(warroom.__file__)", folder=place)
    assert str(place) in where, "the test runs the working tree, not the wheel"
    return python.with_name("warroom")


def test_the_wheel_owns_one_name_and_every_file_of_the_program_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())
    wanted = {
        str(Path("warroom", *path.relative_to(ROOT).parts[path.is_relative_to(ROOT / "warroom") :]))
        for folder in (*ROOMS, "themes")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert any(name.endswith(".tcss") for name in wanted)
    assert wanted - inside == set()
    assert {name.split("/")[0].removesuffix(f"-{tui.__version__}.dist-info") for name in inside} == {
        "warroom"
    }
    assert not [name for name in inside if name.startswith(("warroom/tests/", "warroom/.ci/"))]


@pytest.fixture
def project(program: Path, tmp_path: Path) -> Iterator[Path]:
    """A project that has packages of our rooms' names: in its folder, and installed beside the program."""
    site = Path(run(str(program.with_name("python")), "-c", SITE, folder=tmp_path).strip())
    installed = [site / name for name in FOREIGN]
    for package in (*(tmp_path / name for name in FOREIGN), *installed):
        package.mkdir()
        (package / "__init__.py").write_text("OWNER = 'the project'\n", encoding="utf-8")
    yield tmp_path
    for package in installed:
        shutil.rmtree(package)


@pytest.mark.parametrize("path", ["", "."], ids=["plain", "PYTHONPATH=."])
def test_it_and_a_project_with_packages_of_its_names_both_work(
    program: Path, project: Path, path: str
) -> None:
    more = {"PYTHONPATH": path} if path else {}
    python = str(program.with_name("python"))
    for start in ([str(program)], [python, "-P", "-m", "warroom"]):
        schema = run(*start, "config", "schema", folder=project, **more)
        assert "signals" in json.loads(schema)["properties"]
    sandbox = run(str(program), "sandbox", "--headless", "--seconds", "1", folder=project, **more)
    assert json.loads(sandbox)["ready"] is True
    for safe in ([], ["-P"]):
        owners = f"import {', '.join(FOREIGN)}; print({{each.OWNER for each in ({', '.join(FOREIGN)})}})"
        assert run(python, *safe, "-c", owners, folder=project, **more) == "{'the project'}\n"


def test_a_part_that_can_not_be_imported_is_one_line_and_exit_4(program: Path, tmp_path: Path) -> None:
    (tmp_path / "tomllib.py").write_text("raise ImportError('not\\nthis')\n", encoding="utf-8")
    (tmp_path / "argparse.py").write_text("raise ImportError('not\\nthis')\n", encoding="utf-8")
    done = subprocess.run(
        [program, "status"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert len(done.stderr.splitlines()) == 1
    assert "ImportError" in done.stderr


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
    config.write_text(
        'service.profile = "chimera"\n[signals.prometheus]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8"
    )
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
