"""Every rule is whole: it has all of its parts, and it reports its bad example and not its good one."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from repolint.lint import lint_manuals, open_project
from repolint.registry import MANUAL, Rule, rules
from runbooks.lint.finding import CONFIDENCES, Finding
from tui.i18n import Language

CORPUS = Path(__file__).parent / "corpus"
ROOT = Path(__file__).parents[2] / "repolint" / "rules"
each_rule = pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)


def lint_example(rule: Rule, files: Mapping[str, str], folder: Path) -> list[Finding]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        if name in rule.executable:
            (folder / name).chmod(0o755)
    return lint_manuals([folder / MANUAL], folder)


def test_every_file_holds_the_rule_that_it_is_named_after() -> None:
    modules = sorted(path.stem for path in ROOT.glob("[!_]*.py"))
    assert [rule.id.replace("-", "_") for rule in rules()] == modules
    for rule in rules():
        module = importlib.import_module(f"repolint.rules.{rule.id.replace('-', '_')}")
        assert module.RULE is rule
        assert module.__doc__


@each_rule
def test_a_rule_has_all_of_its_parts(rule: Rule) -> None:
    assert rule.confidence
    assert set(rule.confidence) <= set(CONFIDENCES)
    assert MANUAL in rule.bad
    assert MANUAL in rule.good
    assert rule.check.__doc__
    for language in (Language("en"), Language("zh")):
        title, why = language.say(rule.title), language.say(rule.why)
        assert title != rule.title.key
        assert "\n" not in title
        assert len(title) <= 60
        assert why.rstrip().endswith((".", "。"))
        assert "\n" not in why
        assert len(why) > len(title)


@each_rule
def test_the_bad_example_is_reported_and_the_good_one_is_not(rule: Rule, tmp_path: Path) -> None:
    bad = lint_example(rule, rule.bad, tmp_path / "bad")
    assert rule.id in {finding.rule for finding in bad}
    good = lint_example(rule, rule.good, tmp_path / "good")
    assert not good, "the good example is reported by some rule"


def test_a_rule_reports_nothing_under_another_id_or_with_a_confidence_that_it_does_not_state(
    tmp_path: Path,
) -> None:
    for rule in rules():
        for example in (rule.bad, rule.good):
            folder = tmp_path / rule.id
            lint_example(rule, example, folder)
            findings = list(rule.check(open_project([folder / MANUAL], folder)))
            assert {finding.rule for finding in findings} <= {rule.id}
            assert {finding.confidence for finding in findings} <= set(rule.confidence)


def test_the_confidences_of_the_corpus_are_those_that_the_rules_state() -> None:
    stated = {rule.id: set(rule.confidence) for rule in rules()}
    for path in CORPUS.glob("*/expected.toml"):
        for entry in tomllib.loads(path.read_text("utf-8"))["finding"]:
            assert entry["confidence"] in stated[entry["rule"]], entry
