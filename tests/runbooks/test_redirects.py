"""A check asks where the configuration says; everything else of the runbook stays."""

from __future__ import annotations

from pathlib import Path

from runbooks.library import load_library, load_runbook
from runbooks.settings import RunbooksSettings

TEXT = """---
id: drill
title: A drill
severity: SEV3
---

## Prove <!-- id: prove -->

- [ ] Ask both <!-- id: ask -->

  ```check
  probe: http
  url: https://api.example/v1/status
  expect: status 200
  ```

  ```check
  probe: http
  url: https://api.example.org/v1/status
  expect: status 200
  ```
"""


def _addresses(folder: Path, **addresses: str) -> list[list[str]]:
    (folder / "drill.md").write_text(TEXT, encoding="utf-8")
    asked = {name.replace("_", "/"): where for name, where in addresses.items()}
    settings = RunbooksSettings(folders=(folder,), addresses=asked)
    both = (load_runbook(settings, "en", "drill"), load_library(settings, "en").get("drill"))
    found = []
    for runbook in both:
        assert runbook is not None
        (step,) = runbook.steps()
        found.append([str((check.parameters or {})["url"]) for check in step.checks])
    return found


def test_what_lies_below_an_address_is_asked_elsewhere_and_a_namesake_is_not(tmp_path: Path) -> None:
    moved = _addresses(tmp_path, **{"https:__api.example": "http://127.0.0.1:8000/stand-in/"})
    assert moved == [["http://127.0.0.1:8000/stand-in/v1/status", "https://api.example.org/v1/status"]] * 2


def test_the_longest_address_wins_and_without_any_nothing_changes(tmp_path: Path) -> None:
    both = {"https:__api.example": "http://short", "https:__api.example_v1_": "http://long"}
    assert [urls[0] for urls in _addresses(tmp_path, **both)] == ["http://long/status"] * 2
    assert [urls[0] for urls in _addresses(tmp_path)] == ["https://api.example/v1/status"] * 2
