"""What can't be read is one clear line; what is hostile in a repository neither stops nor fools the lint."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path

import pytest

from repolint import lint
from repolint.lint import ManualError, lint_manuals, open_project
from repolint.project import Project
from repolint.registry import Rule
from runbooks.lint.finding import Finding
from tui.i18n import Language

MANUAL = "# Run\n\n`bash tools/gone.sh`\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in {"docs/M.md": MANUAL, "tools/there.sh": "#!/bin/sh\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def rules_of(findings: list[Finding]) -> list[tuple[int, str]]:
    return [(finding.line, finding.rule) for finding in findings]


def refused(*paths: Path, repo: Path) -> str:
    with pytest.raises(ManualError) as caught:
        lint_manuals(paths, repo)
    line = Language("en").say(caught.value.message)
    assert "\n" not in line
    assert "{" not in line
    return line


def test_a_missing_manual(repository: Path) -> None:
    assert "nowhere.md can't be read: No such file" in refused(repository / "nowhere.md", repo=repository)


def test_a_folder_as_manual(repository: Path) -> None:
    assert "can't be read: Is a directory" in refused(repository / "docs", repo=repository)


def test_a_missing_repository(repository: Path) -> None:
    line = refused(repository / "docs/M.md", repo=repository / "nowhere")
    assert line.startswith(f"{repository}/nowhere is no folder")


def test_a_binary_manual(repository: Path) -> None:
    (repository / "docs/M.md").write_bytes(b"# A\n\x00\x01\x02")
    assert "is not text" in refused(repository / "docs/M.md", repo=repository)


def test_a_manual_of_five_megabytes(repository: Path) -> None:
    (repository / "docs/M.md").write_text(MANUAL + "word " * 1_000_000, encoding="utf-8")
    assert "larger than 2 MB" in refused(repository / "docs/M.md", repo=repository)


def test_a_manual_that_is_a_symlink_loop(repository: Path) -> None:
    (repository / "loop.md").symlink_to("loop.md")
    assert "loop.md can't be read" in refused(repository / "loop.md", repo=repository)


def test_control_characters_never_leave(repository: Path) -> None:
    (repository / "docs/M.md").write_text("`bash tools/\x1b[31mgo\u202ene.sh`\n", encoding="utf-8")
    (finding,) = lint_manuals([repository / "docs/M.md"], repository)
    assert "tools/gone.sh" in Language("en").say(finding.message)


def test_a_repository_without_git_and_one_with_it_are_judged_alike(repository: Path) -> None:
    plain = lint_manuals([repository / "docs/M.md"], repository)
    assert rules_of(plain) == [(3, "missing-script")]
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    assert lint_manuals([repository / "docs/M.md"], repository) == plain
    (repository / "tools/gone.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    assert not lint_manuals([repository / "docs/M.md"], repository)


def test_what_git_ignores_is_not_looked_at(repository: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    (repository / ".gitignore").write_text("built/\n", encoding="utf-8")
    (repository / "built").mkdir()
    (repository / "built/x.py").write_text("", encoding="utf-8")
    assert open_project([], repository).files == {".gitignore", "docs/M.md", "tools/there.sh"}


def test_git_runs_nothing_that_the_repository_asks_for(repository: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n", encoding="utf-8")
    trap.chmod(0o755)
    subprocess.run(["git", "config", "core.fsmonitor", str(trap)], cwd=repository, check=True)
    lint_manuals([repository / "docs/M.md"], repository)
    assert not (tmp_path / "sprung").exists()


def test_links_out_of_the_repository_and_loops_are_not_followed(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "gone.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (repository / "tools/gone.sh").symlink_to(outside / "gone.sh")
    (repository / "loop").symlink_to(repository)
    (repository / "again").symlink_to("again")
    assert open_project([], repository).files == {"docs/M.md", "tools/there.sh"}
    assert rules_of(lint_manuals([repository / "docs/M.md"], repository)) == [(3, "missing-script")]


def test_broken_files_of_the_repository_do_not_stop_it(repository: Path) -> None:
    for name, content in {
        "celery_app.py": b"from celery import Celery\n" + b"(" * 5000,
        "package.json": b"[1, 2",
        "pyproject.toml": b"= no toml",
        "compose.yaml": b"services: [\n",
        "alembic.ini": b"no section\n",
        "Makefile": b"\x00\xff\n",
        "latin.py": "# größer".encode("latin-1"),
    }.items():
        (repository / name).write_bytes(content)
    (repository / "huge.py").write_bytes(b"x = 1\n" * 500_000)
    text = (
        MANUAL
        + "\n`npm run x`, `alembic upgrade head`, `docker compose up x`, `celery -A celery_app worker`\n"
    )
    (repository / "docs/M.md").write_text(text, encoding="utf-8")
    assert (3, "missing-script") in rules_of(lint_manuals([repository / "docs/M.md"], repository))


def test_findings_are_sorted_and_told_once(repository: Path) -> None:
    (repository / "a.md").write_text(
        "`bash tools/z.sh` and `bash tools/z.sh`\n\n`bash tools/a.sh`\n", encoding="utf-8"
    )
    manuals = [repository / "docs/M.md", repository / "a.md", repository / "a.md"]
    found = lint_manuals(manuals, repository)
    assert [(Path(f.file).name, f.line) for f in found] == [("a.md", 1), ("a.md", 3), ("M.md", 3)]


def test_a_manual_outside_the_repository_is_judged_too(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}.md"
    outside.write_text(MANUAL, encoding="utf-8")
    assert rules_of(lint_manuals([outside], repository)) == [(3, "missing-script")]


def test_a_manual_named_relative_to_where_we_stand(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "docs")
    assert [f.file for f in lint_manuals([Path("M.md")], Path(".."))] == ["M.md"]


def test_a_rule_that_breaks_is_one_line_and_a_story_in_the_log(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken_rule(_: Project) -> list[Finding]:
        raise IndexError("three")

    rule = Rule(id="broken-rule", check=broken_rule, confidence=("certain",), bad={}, good={})
    monkeypatch.setattr(lint, "rules", lambda: [rule])
    with caplog.at_level(logging.ERROR):
        line = refused(repository / "docs/M.md", repo=repository)
    assert "the rule broken-rule failed" in line
    assert "Traceback" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_manual_that_we_may_not_read(repository: Path) -> None:
    (repository / "docs/M.md").chmod(0)
    assert "Permission denied" in refused(repository / "docs/M.md", repo=repository)


def test_a_name_that_many_files_share_is_no_advice(tmp_path: Path) -> None:
    """A missing README is not "probably" the README of something else; one beside the right folder is."""
    for folder in ("ada", "berta", "carl", "dora", "far/net"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "README.md").write_text("# It\n")
    manual = tmp_path / "manual.md"
    manual.write_text("See [one](gone/README.md).\n\nSee [two](modules/net/README.md).\n")
    found = lint_manuals([manual], tmp_path)
    assert [(one.line, one.evidence) for one in found] == [(1, ""), (3, "far/net/README.md")]


def test_what_is_test_data_is_known_but_not_judged(tmp_path: Path) -> None:
    """Rules and targets in the data of a repository's tests are nobody's; a manual there is judged when it is given."""
    for folder in ("deploy", "tests/data/deploy", "examples"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "prometheus.yml").write_text(
            "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['http://a:1/metrics']}]\n"
        )
    manual = tmp_path / "tests" / "README.md"
    manual.write_text("See [this](gone.md).\n")
    found = lint_manuals([manual], tmp_path)
    assert [(one.file, one.rule) for one in found] == [
        (str(manual), "missing-link"),
        ("deploy/prometheus.yml", "scrape-target"),
    ]


def test_our_own_manuals_are_right() -> None:
    """README and CONTRIBUTING against this repository, whose tests are full of planted rot."""
    root = Path(__file__).parents[2]
    assert lint_manuals([root / "README.md", root / "CONTRIBUTING.md"], root) == []
