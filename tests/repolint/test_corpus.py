"""Small repositories with planted rot and with look-alikes that are right: exactly the expected is found, and nothing else.

A case is a folder of `corpus` that stands for a repository; its `expected.toml` names the `manuals` (all of `docs/` where it
does not) and each finding. All rules run on all cases.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from repolint.lint import lint_manuals
from repolint.registry import rules
from tui.i18n import Language

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(path.parent.name for path in CORPUS.glob("*/expected.toml"))


@pytest.mark.parametrize("case", CASES)
def test_exactly_the_planted_rot_is_found(case: str, tmp_path: Path) -> None:
    repository = tmp_path / case
    shutil.copytree(CORPUS / case, repository, ignore=shutil.ignore_patterns("expected.toml"))
    expected = tomllib.loads((CORPUS / case / "expected.toml").read_text(encoding="utf-8"))
    manuals = expected.get("manuals") or sorted(
        path.relative_to(repository).as_posix() for path in (repository / "docs").rglob("*.md")
    )
    findings = lint_manuals([repository / manual for manual in manuals], repository)
    assert sorted(
        (finding.file.removeprefix(f"{repository}/"), finding.line, finding.rule, finding.confidence)
        for finding in findings
    ) == sorted(
        (entry["file"], entry["line"], entry["rule"], entry["confidence"]) for entry in expected["finding"]
    )
    for language in (Language("en"), Language("zh")):
        for message in [
            message for finding in findings for message in (finding.message, finding.fix) if message
        ]:
            text = language.say(message)
            assert message.key not in text, f"{message.key} has no text"
            assert "{" not in text


def test_there_is_a_case_for_every_rule() -> None:
    """A rule that no case shows may do anything."""
    shown = {
        entry["rule"]
        for case in CASES
        for entry in tomllib.loads((CORPUS / case / "expected.toml").read_text(encoding="utf-8"))["finding"]
    }
    assert shown | {"manual-cut"} == {
        rule.id for rule in rules()
    }  # this one needs 10 000 brackets and has a test
