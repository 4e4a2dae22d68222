"""A finding can be silenced inside the manual, with a reason; what silences nothing is reported itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from repolint.lint import lint_manuals
from tui.i18n import Language

IGNORE = "warroom-lint: ignore missing-script it is made by the installer"


def lint(folder: Path, manual: str) -> list[tuple[int, str]]:
    (folder / "tools").mkdir(exist_ok=True)
    (folder / "tools/there.sh").write_text("#!/bin/sh\n")
    (folder / "M.md").write_text(manual, encoding="utf-8")
    return [(finding.line, finding.rule) for finding in lint_manuals([folder / "M.md"], folder)]


@pytest.mark.parametrize(
    "manual",
    [
        f"`bash tools/gone.sh` <!-- {IGNORE} -->\n",
        f"<!-- {IGNORE} -->\n`bash tools/gone.sh`\n",
        f"Text before.\n<!-- {IGNORE} -->\n`bash tools/gone.sh`\n",
        "<!-- warroom-lint: ignore missing-script it is made\nby the installer -->\n`bash tools/gone.sh`\n",
        f"<!-- {IGNORE} -->\n```sh\nls\nbash tools/gone.sh\n```\n",
        f"```sh\nbash tools/gone.sh  # {IGNORE}\n```\n",
        f"```sh\n# {IGNORE}\nbash tools/gone.sh\n```\n",
        f"- [ ] `bash tools/gone.sh` <!-- id: a --> <!-- {IGNORE} -->\n",
    ],
    ids=[
        "same line",
        "line before",
        "inside a paragraph",
        "two lines",
        "block",
        "in a fence",
        "above in a fence",
        "step",
    ],
)
def test_a_finding_is_silenced(tmp_path: Path, manual: str) -> None:
    assert lint(tmp_path, manual) == []


@pytest.mark.parametrize(
    ("manual", "expected"),
    [
        (f"<!-- {IGNORE} -->\n\n`bash tools/gone.sh`\n", [(1, "suppression-unused"), (3, "missing-script")]),
        (f"<!-- {IGNORE} -->\n`bash tools/there.sh`\n", [(1, "suppression-unused")]),
        (
            "<!-- warroom-lint: ignore missing-script -->\n`bash tools/gone.sh`\n",
            [(1, "suppression-without-reason"), (2, "missing-script")],
        ),
        (
            "<!-- warroom-lint: ignore -->\n`bash tools/gone.sh`\n",
            [(1, "suppression-without-reason"), (2, "missing-script")],
        ),
        (
            "<!-- warroom-lint: ignore missing-file it is another rule -->\n`bash tools/gone.sh`\n",
            [(1, "suppression-unused"), (2, "missing-script")],
        ),
        (
            f"<!-- {IGNORE} -->\n```sh\nls\n```\n\n```sh\nbash tools/gone.sh\n```\n",
            [(1, "suppression-unused"), (7, "missing-script")],
        ),
        (
            f"`<!-- {IGNORE} -->` is how it is written, for `bash tools/gone.sh`.\n",
            [(1, "missing-script")],
        ),
        (
            f"````markdown\n<!-- {IGNORE} -->\n```sh\nls\n```\n````\n",
            [],
        ),
    ],
    ids=[
        "too far",
        "nothing there",
        "no reason",
        "no rule",
        "other rule",
        "other block",
        "in code font",
        "shown",
    ],
)
def test_what_silences_nothing_is_reported(
    tmp_path: Path, manual: str, expected: list[tuple[int, str]]
) -> None:
    assert lint(tmp_path, manual) == expected


def test_an_unknown_rule_is_named_with_the_nearest(tmp_path: Path) -> None:
    lint(tmp_path, "<!-- warroom-lint: ignore missing-scrip it is made -->\n")
    (finding,) = lint_manuals([tmp_path / "M.md"], tmp_path)
    assert finding.fix is not None
    assert "there is no such rule" in Language("en").say(finding.message)
    assert Language("en").say(finding.fix) == "did you mean missing-script?"
