"""The configuration: every problem with its line and key, and no secret in any output."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.toml_file import TomlFile, validate
from tests.program import run_program
from tui.config.load import check_config, load_config
from tui.config.model import Config

WRONG = """\
[service]
nmae = "x"

[signals]
interval_s = -1
breaker_failures = "many"

[signals.prometheus]
url = "http://me:hunter2-literal@127.0.0.1:9090"
token = "hunter2-literal"
timeuot_s = 3

[[signals.scrape.targets]]
url = "${WARROOM_TEST_UNSET}"

[[signals.scrape.targets]]
interval_s = "hunter2-literal"
"""


def warroom(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"LANG": "C", "LC_ALL": "", "WARROOM_LOG": str(folder / "log")}
    return run_program(*arguments, env={**os.environ, **own, **environment}, cwd=Path(__file__).parents[3])


def test_every_problem_is_listed_with_its_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(WRONG)
    config, problems = check_config(path)
    assert config is None
    assert [(each.line, each.key) for each in problems] == [
        (2, "service.nmae"),
        (5, "signals.interval_s"),
        (6, "signals.breaker_failures"),
        (9, "signals.prometheus.url"),
        (10, "signals.prometheus.token"),
        (11, "signals.prometheus.timeuot_s"),
        (14, "signals.scrape.targets.0.url"),
        (16, "signals.scrape.targets.1.url"),
        (17, "signals.scrape.targets.1.interval_s"),
    ]
    assert problems[0].what.values["name"] == "name"
    assert problems[5].what.values["name"] == "timeout_s"
    assert problems[6].what.values["variable"] == "WARROOM_TEST_UNSET"


@pytest.mark.parametrize("command", [("config", "check"), ("config", "check", "--json"), ("config", "show")])
def test_a_wrong_file_is_refused_without_its_secret(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(WRONG)
    done = warroom(*command, "--config", str(path), folder=tmp_path)
    assert done.returncode == 3
    assert "service.nmae" in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ftp://prometheus:9090", "url_scheme"),
        ("127.0.0.1:9090", "url_scheme"),
        (" ", "url_scheme"),
        ("http://", "url_parsing"),
        ("http://[::1", "url_parsing"),
        ("http://127.0.0.1:99999", "url_parsing"),
        ("http://127.0.0.1:a", "url_parsing"),
        ("http://a b/", "url_parsing"),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        "[signals.prometheus]\nurl",
        "[signals.alertmanager]\nurl",
        "[[signals.scrape.targets]]\nurl",
        '[releases.probe]\nurl = "http://h"\nslots.blue',
        '[[releases.instances]]\nname = "web-1"\nurl',
    ],
)
def test_an_address_that_nobody_can_ask_is_named(tmp_path: Path, before: str, url: str, kind: str) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f'{before} = "{url}"\n')
    config, problems = check_config(path)
    assert config is None
    line = before.count("\n") + 1
    assert [(each.line, each.what.key) for each in problems] == [(line, f"invalid.{kind}")]


def test_addresses_that_servers_have_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    for url in ("http://h", "https://h:9090/prom/?a=b", "HTTP://[::1]:9090/", "http://监控.internal:1"):
        path.write_text(f'[signals.prometheus]\nurl = "{url}"\n')
        assert check_config(path)[1] == ()


def test_show_masks_what_the_environment_put_in(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(
        '[signals.prometheus]\nurl = "http://me:${PW}@127.0.0.1:9090"\ntoken = "${PW}"\n'
        '[signals.redis]\nurl = "redis://:${PW}@127.0.0.1/0"\n'
    )
    done = warroom("config", "show", "--config", str(path), folder=tmp_path, PW="hunter2@x/y")
    assert done.returncode == 0
    assert "127.0.0.1:9090" in done.stdout
    assert not any(part in done.stdout + done.stderr for part in ("hunter2", "x/y"))


@pytest.mark.parametrize("text", ["[signals", "a = ", "\x00", 'x = "hunter2'])
def test_broken_toml_names_the_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f"# first\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.message.values["line"] == 2
    assert "hunter2" not in str(caught.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text('[signals.scrape]\nrule_files = ["rules.yml", "/etc/rules.yml"]\n')
    scrape = load_config(path).signals.scrape
    assert scrape is not None
    assert scrape.rule_files == (tmp_path / "rules.yml", Path("/etc/rules.yml"))


def test_the_panels_that_a_profile_brings_are_shown(tmp_path: Path) -> None:
    """They stood nowhere: `panels.show = []` over a board of panels."""
    path = tmp_path / "warroom.toml"
    path.write_text('service.profile = "chimera"\nsignals.prometheus.url = "http://127.0.0.1:9"\n')
    done = warroom("config", "show", "--json", "--config", str(path), folder=tmp_path)
    assert {"slo", "queues", "ban"} <= set(json.loads(done.stdout)["panels"]["show"])


def test_what_is_shown_may_stand_in_the_file(tmp_path: Path) -> None:
    """Nothing that the program sets itself: a check of a team's profile was shown with a mark that no file may have."""
    own = tmp_path / "profiles" / "shop"
    own.mkdir(parents=True)
    (own / "profile.toml").write_text('title = "Shop"\n')
    (own / "actions.toml").write_text(
        '[[staged_return.refusals]]\npromql = "up"\nexpect = "> 0"\n[switches.shop]\nfile.path = "flags.env"\n'
        'positions = {on = {A = "1"}, off = {A = "0"}}\n[[switches.shop.verify]]\npromql = "up"\nexpect = "> 0"\n'
    )
    path = tmp_path / "warroom.toml"
    path.write_text('service.profile = "profiles/shop"\n')
    done = warroom("config", "show", "--json", "--config", str(path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["actions"]["switches"]["shop"]["verify"] == [{"promql": "up", "expect": "> 0"}]
    config, problems = validate(Config, TomlFile(path, shown, {(): 1}))
    assert (config is not None, problems) == (True, ())
    schema = warroom("config", "schema", folder=tmp_path).stdout
    assert "staged_return" in schema
    assert "of_team_profile" not in schema


def test_every_sample_of_the_readme_is_a_configuration(tmp_path: Path) -> None:
    samples = re.findall(r"```toml\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(samples) > 5
    for sample in samples:
        path = tmp_path / "warroom.toml"
        path.write_text(sample, encoding="utf-8")
        variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", sample), "postgresql://h/d")
        assert check_config(path, variables)[1] == (), sample
