"""The `[sandbox]` section: what it changes, and that nothing else in the file keeps the sandbox from starting."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.errors import ConfigError
from sandbox.community import arrivals
from sandbox.ports import choose_ports
from sandbox.servers import free_port
from sandbox.settings import SandboxSettings
from tests.tui.config.test_config import warroom
from tui.config.load import load_sandbox


def written(folder: Path, text: str) -> Path:
    path = folder / "warroom.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_wished_ports_are_given_and_no_other_part_gets_one_of_them() -> None:
    port = free_port()
    ports = choose_ports(SandboxSettings(postgres_port=port, prometheus=False))
    assert ports.postgres == port
    assert ports.prometheus == 0
    assert len({ports.valkey, ports.postgres, ports.outside, ports.service}) == 4
    assert bool(choose_ports(SandboxSettings()).prometheus) == bool(shutil.which("prometheus"))


def test_ten_communities_ask_ten_times_as_often_over_the_same_day() -> None:
    one, ten = (sum(1 for _ in arrivals(3, 1200, load)) for load in (1.0, 10.0))
    assert 8 < ten / one < 12
    late = sum(at > 1100 for at, _ in arrivals(3, 1200, 10.0))
    assert late / ten < 0.08, "the night stays quiet"


def test_what_is_wrong_elsewhere_in_the_file_does_not_matter(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[signals.redis]\nurl = "${WARROOM_TEST_UNSET}"\n[sandbox]\nseed = 7\nload = 2.5\n'
    )
    assert load_sandbox(path) == SandboxSettings(seed=7, load=2.5)
    assert load_sandbox(written(tmp_path, "")) == SandboxSettings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sandbox]\nsede = 1\n", ("2", "sandbox.sede", "seed")),
        ("[service]\n[sandbox]\nload = 0\n", ("3", "sandbox.load", "greater than 0")),
        ("[sandbox\n", ("1", "", "")),
    ],
)
def test_what_is_wrong_in_it_is_told_with_its_line(
    tmp_path: Path, text: str, told: tuple[str, str, str]
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError):
        load_sandbox(path)
    done = warroom("sandbox", "--headless", "--seconds", "1", "--config", str(path), folder=tmp_path)
    assert done.returncode == 3
    line, key, hint = told
    assert f"warroom.toml:{line}: {key}" in done.stderr
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_schema_tells_every_knob(tmp_path: Path) -> None:
    schema = json.loads(warroom("config", "schema", folder=tmp_path).stdout)
    knobs = schema["$defs"]["SandboxSettings"]["properties"]
    assert set(knobs) == set(SandboxSettings.model_fields)
    assert all(knob.get("description") for knob in knobs.values())
    assert "sandbox" in schema["properties"]
