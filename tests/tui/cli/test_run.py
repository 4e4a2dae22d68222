"""`warroom actions`, `run`, `runs` and `keep` in the real program: exit codes, plans from files, every refusal, a lost terminal."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.tui.cli.desk import Desk
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

DONE, FAILED, REFUSED, USAGE = 0, 1, 2, 3
RUNBOOK = """---
id: shop
title: Shop
severity: SEV2
---

## Look <!-- id: look -->

- [ ] Look at it <!-- id: first -->

> The IC has looked. <!-- pause -->

## Act <!-- id: act -->

- [ ] Close it <!-- id: close -->

  ```action
  id: shop.close
  name: a
  ```
"""


class Shop(Desk):
    """A folder with a team's actions: `shop.close`, `shop.burn` (destructive), `shop.fail` and `shop.key` (a secret)."""

    def __init__(self, folder: Path, actions: str = "") -> None:
        (folder / "books").mkdir(exist_ok=True)
        (folder / "books" / "shop.md").write_text(RUNBOOK)
        echo = [sys.executable, "-c", "import sys; print('closed', *sys.argv[1:])"]
        (folder / "warroom.toml").write_text(
            f"""
runbooks.folders = ["books"]
[actions]
{actions}
[[actions.add]]
id = "shop.close"
title = "Close the shop"
danger = "mitigate"
argv = {json.dumps([*echo, "{name}"])}
parameters.name.pattern = ".*"
resource = "shop/{{name}}"
undo = {json.dumps([*echo, "not", "{name}"])}
lasts_s = 3600
[[actions.add]]
id = "shop.burn"
title = "Burn the shop"
danger = "destructive"
argv = ["true"]
resource = "shop"
target = "shop-db"
[[actions.add]]
id = "shop.fail"
title = "Fail"
danger = "mitigate"
argv = ["false"]
resource = "shop"
[[actions.add]]
id = "shop.key"
title = "A key"
danger = "mitigate"
argv = ["sh", "-c", "echo key $KEY"]
parameters.key.secret = true
environment.KEY = "{{key}}"
resource = "key"
"""
        )
        super().__init__(folder)

    def json(self, *arguments: str) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode in (DONE, FAILED), done.stderr
        return json.loads(done.stdout)

    def code(self, *arguments: str) -> int:
        return self(*arguments).returncode


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


CLOSE = ("run", "shop.close", "--param", "name=a")


def test_a_plan_is_shown_and_nothing_is_done(shop: Shop) -> None:
    done = shop(*CLOSE, "--plan")
    assert done.returncode == DONE
    assert "closed" in done.stdout
    assert "in /" in done.stdout
    assert shop.json("runs") == []


def test_from_plan_to_undo(shop: Shop) -> None:
    done = shop(*CLOSE, "--yes")
    assert (done.returncode, done.stdout) == (DONE, "closed a\n")
    assert "nothing verifies it" in done.stderr
    (row,) = shop.json("actions", "in-force")["in_force"]
    assert (row["run"], row["action"], row["over"]) == ("RUN-1", "shop.close", False)
    assert row["undo"] == {"action": "shop.close.undo", "params": {"name": "a"}}
    assert shop.code("runs", "undo", "RUN-1") == REFUSED
    assert shop("runs", "undo", "RUN-1", "--yes").stdout == "closed not a\n"
    assert shop.json("actions", "in-force")["in_force"] == []
    assert [run["state"] for run in shop.json("runs")] == ["finished", "undone"]
    assert shop.code("runs", "undo", "RUN-1", "--yes") == REFUSED
    assert shop.code("journal", "verify") == DONE


def test_exit_codes(shop: Shop) -> None:
    assert shop.code("run", "shop.fail", "--yes") == FAILED
    assert shop.code("run", "shop.burn", "--yes") == REFUSED
    assert shop.code("run", "shop.burn", "--confirm", "shop-d") == REFUSED
    assert shop.code("run", "shop.burn", "--confirm", "shop-db") == DONE
    assert shop.code(*CLOSE, "--yes", "--read-only") == REFUSED
    for wrong in (["run", "shop.clos"], [*CLOSE[:2]], [*CLOSE, "--param", "x=1"], ["runs", "show", "99"]):
        assert shop.code(*wrong) == USAGE, wrong


def test_a_plan_from_a_file_runs_exactly_or_not_at_all(shop: Shop, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(shop(*CLOSE, "--plan", "--json").stdout)
    value = json.loads(plan.read_text())
    assert shop.json("run", "shop.close", "--from-plan", str(plan), "--yes")["digest"] == value["digest"]
    plan.write_text(json.dumps(value | {"target": "other"}))
    assert shop.code("run", "shop.close", "--from-plan", str(plan), "--yes") == USAGE
    plan.write_text(json.dumps(value | {"for_ever": 1}))
    done = shop("run", "shop.close", "--from-plan", str(plan), "--yes")
    assert (done.returncode, "for_ever" in done.stderr) == (USAGE, True)
    plan.write_text(json.dumps(value | {"made_at": value["made_at"] - 3600}))
    done = shop("run", "shop.close", "--from-plan", str(plan), "--yes")
    assert (done.returncode, "1 h 0 min old" in done.stderr) == (REFUSED, True)
    plan.write_text(json.dumps(value))
    assert shop.code("run", "shop.burn", "--from-plan", str(plan), "--confirm", "shop-db") != DONE
    config = tmp_path / "warroom.toml"
    config.write_text(config.read_text().replace("print('closed'", "print('CLOSED'"))
    done = shop("run", "shop.close", "--from-plan", str(plan), "--yes")
    assert done.returncode == REFUSED
    assert "CLOSED" in done.stderr, "the new plan is shown"
    assert len(shop.json("runs")) == 1


def test_a_secret_is_no_argument_and_in_no_file(shop: Shop, tmp_path: Path) -> None:
    secret = "hunter2-and-more"
    assert shop.code("run", "shop.key", "--param", f"key={secret}", "--yes") == USAGE
    (tmp_path / "secret.txt").write_text(secret + "\n")
    done = shop("run", "shop.key", "--param-file", f"key={tmp_path / 'secret.txt'}", "--yes")
    assert (done.returncode, done.stdout) == (DONE, "key ••••\n")
    (tmp_path / "secret.txt").unlink()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_a_second_person_is_another_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path, 'two_person = ["destructive"]')
    done = shop("run", "shop.burn", "--confirm", "shop-db")
    assert done.returncode == REFUSED
    shop.environment |= {"WARROOM_ACTOR": "somebody-else", "USER": "other", "LOGNAME": "other"}
    assert shop.code("runs", "approve", "RUN-1", "--yes") == REFUSED
    assert shop.code("runs", "start", "RUN-1") == REFUSED
    assert shop.json("runs")[0]["state"] == "approved"
    alone = Shop(tmp_path, 'two_person = ["destructive"]\nalone = true')
    assert alone.code("runs", "approve", "RUN-1", "--confirm", "shop-db") == DONE
    assert alone.code("runs", "start", "RUN-1") == DONE


def test_an_incident_holds_its_actions_back(shop: Shop) -> None:
    me = __import__("pwd").getpwuid(os.getuid()).pw_name
    shop.environment["WARROOM_ACTOR"] = "ghost"
    label = shop.fact("open", "--title", "x", "--severity", "SEV2", "--runbook", "shop", "--lead")
    within = ("--incident", label)
    done = shop(*CLOSE, *within, "--yes")
    assert done.returncode == REFUSED
    assert "pause point" in done.stderr
    assert shop.code("run", "shop.burn", *within, "--confirm", "shop-db") == REFUSED, (
        "a name of the environment"
    )
    shop.fact("confirm", label, "look", "--yes")
    assert shop.code(*CLOSE, *within, "--yes") == DONE
    shop.environment["WARROOM_ACTOR"] = me
    shop.fact("role", label, "take", "ops")
    assert shop.code("run", "shop.burn", *within, "--confirm", "shop-db") == DONE
    timeline = shop("incident", "timeline", label).stdout
    assert "shop.close" in timeline
    assert "RUN-1" in timeline


def test_output_that_was_altered_is_named(shop: Shop, tmp_path: Path) -> None:
    run = shop.json(*CLOSE, "--yes")
    assert shop.code("runs", "show", run["run"]) == DONE
    file = run["output"]["file"]
    with open(file, "a", encoding="utf-8") as output:  # noqa: PTH123  # a path as text
        output.write("and more\n")
    done = shop("runs", "show", run["run"])
    assert done.returncode == FAILED
    assert "NOT the one" in done.stderr


def test_a_detached_run_is_attached_from_elsewhere_and_cancelled(shop: Shop, tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(
        config.read_text().replace('argv = ["false"]', 'argv = ["sh", "-c", "echo begun; sleep 60"]')
    )
    assert shop("run", "shop.fail", "--yes", "--detach").stdout == "RUN-1\n"
    until(lambda: any(file.read_text() for file in tmp_path.rglob("output.log")))
    assert shop.code("run", "shop.burn", "--confirm", "shop-db") == REFUSED, "its resource is held"
    assert shop.code("runs", "cancel", "RUN-1") == DONE
    done = shop("runs", "attach", "RUN-1")
    assert (done.returncode, done.stdout) == (FAILED, "begun\n")
    assert "cancelled" in done.stderr


def test_keep_takes_back_what_is_over(shop: Shop) -> None:
    assert shop.code(*CLOSE, "--yes", "--for", "1s") == DONE
    until(lambda: shop.json("actions", "in-force")["in_force"][0]["over"])
    assert shop.code("actions", "in-force") == FAILED
    done = shop("keep", "--once")
    assert done.returncode == DONE
    assert "taken back" in done.stdout
    until(lambda: shop.json("actions", "in-force") == {"in_force": [], "kept_here": True})
