"""Relabelling: what Prometheus' own documentation and tests say becomes of labels."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from signals.relabel import RelabelRule, relabel

LABELS = {"a": "foo", "b": "bar", "c": "baz", "__meta_x": "y"}


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        (
            {"source_labels": ["a"], "regex": "f(.*)", "target_label": "d", "replacement": "ch${1}-ch${1}"},
            {"d": "choo-choo"},
        ),
        ({"source_labels": ["a"], "regex": "x.*", "target_label": "d", "replacement": "z"}, {}),
        ({"source_labels": ["a", "b"], "separator": "-", "target_label": "d"}, {"d": "foo-bar"}),
        ({"source_labels": ["a"], "regex": "(f).*", "target_label": "a", "replacement": ""}, {"a": ""}),
        ({"source_labels": ["c"], "target_label": "d", "action": "hashmod", "modulus": 1000}, {"d": "976"}),
        ({"regex": "__meta_(.+)", "action": "labelmap"}, {"x": "y"}),
        ({"source_labels": ["a"], "target_label": "A", "action": "uppercase"}, {"A": "FOO"}),
        ({"regex": "(b|c)", "action": "labeldrop"}, {"b": "", "c": ""}),
        ({"regex": "a", "action": "labelkeep"}, {"b": "", "c": "", "__meta_x": ""}),
        ({"source_labels": ["a"], "regex": "fo", "action": "keep"}, None),
        ({"source_labels": ["a"], "regex": "foo", "action": "keep"}, {}),
        ({"source_labels": ["a"], "regex": "f.*", "action": "drop"}, None),
        ({"source_labels": ["b"], "target_label": "b", "action": "dropequal"}, None),
        ({"source_labels": ["b"], "target_label": "a", "action": "keepequal"}, None),
    ],
)
def test_one_rule(rule: dict[str, Any], changed: dict[str, str] | None) -> None:
    after = relabel(LABELS, [RelabelRule.model_validate(rule)])
    expected = changed and {name: value for name, value in {**LABELS, **changed}.items() if value}
    assert after == (LABELS if changed == {} else expected)


@pytest.mark.parametrize(
    ("rule", "detail"),
    [
        ({"action": "teleport"}, "action"),
        ({"source_labels": ["a"]}, "target_label"),
        ({"action": "hashmod", "target_label": "a"}, "modulus"),
        ({"regex": "(", "action": "labeldrop"}, "regex"),
    ],
)
def test_what_can_not_be_honoured_is_refused_by_name(rule: dict[str, Any], detail: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RelabelRule.model_validate(rule)
    assert detail in str(caught.value)
