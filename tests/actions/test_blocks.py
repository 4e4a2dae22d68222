"""A runbook's `sh` block as an action: what is shown is what runs, only where it is allowed, with the danger that it states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actions.errors import ActionFailed, NoSuchAction
from actions.parameters import read_parameters
from actions.planning import hold_to, make_plan
from actions.registry import all_actions, find_action
from actions.settings import ActionsSettings, is_block_of
from profiles.profile import load_profile, profile_folder
from tests.actions.build import context

if TYPE_CHECKING:
    from actions.model import AnyAction, Plan

MANUAL = """\
---
id: spill
title: A spill
---
## Stop <!-- id: stop -->

- [ ] Close the valve <!-- id: valve -->

  ```sh danger=mitigate
{block}
  ```

  **Undo:** open it again

  ```sh
  echo second
  ```

  ```python
  print("is no shell's")
  ```

- [ ] Look <!-- id: look -->

  ```sh danger=observe
  echo looked
  ```
"""


def settings(tmp_path: Path, block: str = "echo closed", **own: Any) -> ActionsSettings:
    lines = "\n".join(f"  {line}" if line else "" for line in block.splitlines())
    (tmp_path / "spill.md").write_text(MANUAL.format(block=lines))
    blocks = {"folders": [str(tmp_path)], "cwd": str(tmp_path), **own}
    return ActionsSettings.model_validate({"run_blocks": True, "blocks": blocks})


def planned(own: ActionsSettings, action_id: str = "block.spill.valve") -> tuple[AnyAction, Plan]:
    action = find_action(own, action_id)
    return action, make_plan(action, read_parameters(action.parameters, {}), context())


def printed(action: AnyAction, plan: Plan) -> list[str]:
    lines: list[str] = []
    action.run(read_parameters(action.parameters, {}), plan, context(lines))
    return lines


def test_every_sh_block_of_a_teams_manual_is_an_action_with_the_danger_that_it_states(tmp_path: Path) -> None:
    own = settings(tmp_path)
    actions = {name: action for name, action in all_actions(own).items() if name.startswith("block.")}
    assert {name: action.danger for name, action in actions.items()} == {
        "block.spill.valve": "mitigate",
        "block.spill.valve.2": "destructive",
        "block.spill.look": "observe",
    }
    assert find_action(own, "block.spill.valve.2").danger == "destructive"
    for action_id in (
        "block.spill.valve.3",
        "block.spill.none",
        "block.other.valve",
        "block.",
        "block.spill",
    ):
        with pytest.raises(NoSuchAction):
            find_action(own, action_id)


def test_none_is_there_unless_it_is_allowed_and_none_of_the_programs_own_manuals(tmp_path: Path) -> None:
    off = settings(tmp_path).model_copy(update={"run_blocks": False})
    assert not [name for name in all_actions(off) if name.startswith("block.")]
    with pytest.raises(NoSuchAction):
        find_action(off, "block.spill.valve")
    folder = profile_folder("chimera", tmp_path)
    assert folder is not None
    bundled = load_profile(folder).runbooks
    own = settings(tmp_path, folders=[str(bundled)])
    assert not [name for name in all_actions(own) if name.startswith("block.")]


def test_the_text_runs_as_it_stands_and_stands_in_the_plan(tmp_path: Path) -> None:
    block = (
        'name=\'a  b\'; for i in 1 2; do\n\techo "$i $name" | cat\ndone\n\npwd; echo "$TILL ${HOME:+home}"'
    )
    own = settings(
        tmp_path, block, environment={"TILL": "3"}, secret_environment={"TOKEN": "hunter2-hunter2"}
    )
    action, plan = planned(own)
    (step,) = plan.steps
    assert (step.kind, step.text, step.cwd) == ("shell", block, str(tmp_path))
    assert ("TILL", "3") in step.environment
    assert "hunter2" not in repr(plan)
    assert (plan.target, plan.resource) == ("spill.valve", "block/spill/valve")
    assert plan.undo.text.values["text"] == "open it again"
    assert printed(action, plan) == ["1 a  b", "2 a  b", str(tmp_path), "3 home"]


@pytest.mark.parametrize("block", ["false\necho on", 'echo "$NOBODY_SET_IT"\necho on', "echo on >&2; exit 3"])
def test_a_line_that_fails_ends_it(tmp_path: Path, block: str) -> None:
    action, plan = planned(settings(tmp_path, block))
    with pytest.raises(ActionFailed):
        printed(action, plan)


@pytest.mark.parametrize(
    ("block", "is_blocked"),
    [
        ("celery control rate_limit <task> 20/m", True),
        ("psql < dump.sql > out", False),
        ("cat <<EOF\nx\nEOF", False),
        ("wait … then", True),
        pytest.param(f"echo {'x' * 10_000}", True, id="a line that the reader cuts"),
        pytest.param("echo\n" * 20_001, True, id="longer than an argument may be"),
    ],
)
def test_what_must_be_filled_in_is_not_run(tmp_path: Path, block: str, is_blocked: bool) -> None:  # noqa: FBT001  # a table
    _, plan = planned(settings(tmp_path, block))
    assert bool(plan.blockers) == is_blocked


def test_a_block_that_was_changed_after_it_was_confirmed_is_not_what_was_confirmed(tmp_path: Path) -> None:
    _, confirmed = planned(settings(tmp_path))
    _, now = planned(settings(tmp_path, "echo other"))
    with pytest.raises(Exception, match="plan_stale"):
        hold_to(confirmed, now)


def test_a_danger_that_is_none_is_named_and_counts_as_the_worst(tmp_path: Path) -> None:
    from runbooks.library import load_library

    own = settings(tmp_path)
    manual = tmp_path / "spill.md"
    manual.write_text(manual.read_text().replace("danger=observe", "danger=none"))
    assert [problem.rule for problem in load_library(own.blocks, "en").problems] == ["block-danger"]
    assert find_action(own, "block.spill.look").danger == "destructive"


def test_where_two_languages_differ_the_worse_danger_counts(tmp_path: Path) -> None:
    settings(tmp_path)
    text = (tmp_path / "spill.md").read_text()
    for language, danger in (("en", "observe"), ("zh", "destructive")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "spill.md").write_text(text.replace("danger=observe", f"danger={danger}"))
    (tmp_path / "spill.md").unlink()
    own = ActionsSettings.model_validate({"run_blocks": True, "blocks": {"folders": [str(tmp_path)]}})
    assert find_action(own, "block.spill.look").danger == "destructive"
    assert {name for name in all_actions(own) if "look" in name} == {"block.spill.look"}


def test_it_belongs_to_its_step() -> None:
    assert is_block_of("block.spill.valve", "spill", "valve")
    assert is_block_of("block.spill.valve.2", "spill", "valve")
    assert not is_block_of("block.spill.valve.x", "spill", "valve")
    assert not is_block_of("block.spill.valves", "spill", "valve")
