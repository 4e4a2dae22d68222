"""The lint of a manual stays linear, and what is too costly to read is cut and said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from repolint.lint import lint_manuals
from runbooks.lint.finding import Finding
from runbooks.reading.markdown import MAX_BRACKETS
from tui.i18n import Language

LIMIT_S = 10.0
"""Of CPU time; before they were mended these took 8 to 30 s. A machine under load is several times slower than an idle one."""

COSTLY = {
    "15 000 headings": "# a\n" * 15_000,
    "48 lines of brackets": ("[" * 9_900 + "\n") * 48,
    "images in images": "![" * 100_000,
    "runs of backticks, each longer": "".join("`" * length + " " for length in range(1, 1_200)),
    "15 000 heredocs without end": "```sh\n" + "".join(f"cat <<E{n}\n" for n in range(15_000)) + "```\n",
    "15 000 missing scripts": "\n\n".join(f"`tools/x{n}.sh`" for n in range(15_000)),
    "6 000 missing anchors": "# Manual\n\n" + "See [below](#roll-back).\n\n## Rolling back\n\n" * 2_000,
    "3 000 ports": "`curl localhost:9090/-/ready`\n\n" * 3_000,
    "5 000 scripts that are started": "```sh\n./tools/there.sh\n```\n\n" * 5_000,
    "5 000 destructive commands": "`docker compose down -v`\n\n" * 5_000,
    "5 000 revisions": "`alembic downgrade 4c1d9e07bb21`\n\n" * 5_000,
    "a command of one number": "```sh\ntail " + "9" * 380_000 + "\n```\n",
    "a command of one word": "```sh\n" + "x" * 380_000 + "\n```\n",
    "a command of open braces": "```sh\necho " + "${" * 180_000 + "\n```\n",
    "a line of tabs": "```sh\n" + "\t" * 54_000 + "x\n```\n\n" + " " * 54_000 + "x\n",
    "20 000 comments": "a <!-- warroom-lint: ignore missing-file a reason --> b\n" * 20_000,
}


def lint(folder: Path, manual: str) -> list[Finding]:
    for name, text in {
        "M.md": manual,
        "tools/there.sh": "#!/bin/sh\n",
        "compose.yaml": "services:\n  p:\n    image: prometheus\n    ports: ['9095:9090']\n",
        "migrations/env.py": "from alembic import context\n",
        "migrations/versions/a1.py": 'revision = "4c1d9e07aa21"\ndown_revision = None\n',
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return lint_manuals([folder / "M.md"], folder)


@pytest.mark.parametrize("manual", COSTLY.values(), ids=COSTLY)
def test_a_costly_manual_takes_seconds(tmp_path: Path, manual: str) -> None:
    lint(tmp_path, "# A\n")  # what is imported once does not count
    began = time.process_time()
    lint(tmp_path, manual)
    assert time.process_time() - began < LIMIT_S


def test_what_is_cut_is_said_with_the_line_from_which_on_nothing_is_read(tmp_path: Path) -> None:
    manual = (
        "# Manual\n\n`bash tools/gone.sh`\n\n"
        + "[a] " * (MAX_BRACKETS + 1)
        + "\n\n`bash tools/never-read.sh`\n"
    )
    findings = lint(tmp_path, manual)
    assert [(finding.line, finding.rule, finding.confidence) for finding in findings] == [
        (3, "missing-script", "certain"),
        (5, "manual-cut", "certain"),
    ]
    assert "from line 5 on" in Language("en").say(findings[1].message)
