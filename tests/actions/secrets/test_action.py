"""The audit as an action: what it plans, prints and counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from actions.catalogue.secrets_audit import ACTION, AuditParameters
from actions.errors import BadParameter
from actions.parameters import read_parameters
from actions.planning import make_plan
from tests.actions.build import context
from tests.actions.secrets.planted import riot_key

if TYPE_CHECKING:
    from pathlib import Path


def test_every_place_is_a_line_without_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    key, other = riot_key(), riot_key()
    (folder / "a.py").write_text(f"A = '{key}'\nB = '{key}'\n")
    (folder / ".env").write_text(f"KEY={other}\n")
    monkeypatch.chdir(folder)
    printed: list[str] = []
    desk = replace(context(printed), folder=tmp_path / "ours")
    params = read_parameters(AuditParameters, {"path": ".", "second_opinion": "false"})
    assert params.path == folder, "the runner stands elsewhere"
    plan = make_plan(ACTION, params, desk)
    outcome = ACTION.run(params, plan, desk)
    assert (outcome.findings, outcome.text.key) == (2, "secrets.result")
    assert {line.split(" ", 1)[1] for line in printed if "riot-api-key" in line} == {
        "open tree a.py:1 riot-api-key",
        "open tree a.py:2 riot-api-key",
        "open env .env:1 riot-api-key",
    }
    assert not [line for line in printed if key in line or other in line]
    assert [item.ok for item in ACTION.verify(params, plan, desk)] == [True]
    (folder / "link").symlink_to("/etc/passwd")
    assert ACTION.run(params, plan, desk).text.key == "secrets.result_unread"
    assert [item.ok for item in ACTION.verify(params, plan, desk)] == [None]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameter):
        read_parameters(AuditParameters, {"path": str(tmp_path / "none")})
