"""Relabelling as Prometheus does it: of a target before its scrape, of a sample after it, of an alert on its way out.

Source: prometheus/prometheus, `model/relabel/relabel.go`, and the documentation, "relabel_config".
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from core.errors import BadQuery
from core.settings import Section
from signals.regex import compile_regex, expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NEEDS_TARGET = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")


class RelabelRule(Section):
    """One entry of `relabel_configs`, `metric_relabel_configs` or `alert_relabel_configs`, with Prometheus' own keys."""

    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = Field(default=0, ge=0)
    action: Literal[
        "replace",
        "keep",
        "drop",
        "keepequal",
        "dropequal",
        "hashmod",
        "labelmap",
        "labeldrop",
        "labelkeep",
        "lowercase",
        "uppercase",
    ] = "replace"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.action in _NEEDS_TARGET and not self.target_label:
            raise PydanticCustomError("relabel_target", "this action needs a target_label")
        if self.action == "hashmod" and not self.modulus:
            raise PydanticCustomError("relabel_modulus", "hashmod needs a modulus")
        try:
            compile_regex(self.regex)
        except BadQuery as error:
            raise PydanticCustomError(
                "relabel_regex",
                "the regex can't be read: {detail}",
                {"detail": str(error.message.values["detail"])},
            ) from error
        return self


def relabel(labels: Mapping[str, str], rules: Iterable[RelabelRule]) -> dict[str, str] | None:
    """The labels after all rules, without empty ones; None when a rule drops what has them."""
    after = dict(labels)
    for rule in rules:
        applied = _apply(rule, after)
        if applied is None:
            return None
        after = applied
    return {name: value for name, value in after.items() if value}


def _apply(rule: RelabelRule, labels: dict[str, str]) -> dict[str, str] | None:  # noqa: PLR0911  # one case an action
    value = rule.separator.join(labels.get(name, "") for name in rule.source_labels)
    regex = compile_regex(rule.regex)
    match rule.action:
        case "keep" | "drop":
            return labels if (regex.fullmatch(value) is not None) == (rule.action == "keep") else None
        case "keepequal" | "dropequal":
            equal = labels.get(rule.target_label, "") == value
            return labels if equal == (rule.action == "keepequal") else None
        case "labelmap":
            mapped = {
                expand(groups, rule.replacement): text
                for name, text in labels.items()
                if (groups := regex.fullmatch(name)) is not None
            }
            return {**labels, **mapped}
        case "labeldrop" | "labelkeep":
            kept = rule.action == "labelkeep"
            return {
                name: text for name, text in labels.items() if (regex.fullmatch(name) is not None) == kept
            }
        case "lowercase" | "uppercase":
            return {
                **labels,
                rule.target_label: value.lower() if rule.action == "lowercase" else value.upper(),
            }
        case "hashmod":
            digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
            return {**labels, rule.target_label: str(int.from_bytes(digest[8:], "big") % rule.modulus)}
        case "replace":
            groups = regex.fullmatch(value)
            if groups is None:
                return labels
            return {**labels, expand(groups, rule.target_label): expand(groups, rule.replacement)}
