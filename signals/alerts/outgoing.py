"""Under which labels a Prometheus sends its alerts to an Alertmanager: external labels added, then relabelled.

Source: prometheus/prometheus, `notifier/notifier.go` (`Manager.Send`); `global.external_labels` and
`alerting.alert_relabel_configs` in its configuration, which it prints at `/api/v1/status/config`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.text import clean
from signals.relabel import RelabelRule, relabel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signals.connections.http import HttpResponse

_SECTION = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)
_WANTED = ("global:", "alerting:")
"""Of a large configuration only these are read: the scrape jobs of a cluster are megabytes."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a Prometheus does to the labels of an alert before it sends it; `ways`, one for each group of Alertmanagers."""

    external: Mapping[str, str] = field(default_factory=dict)
    ways: tuple[tuple[RelabelRule, ...], ...] = ((),)

    def sent(self, labels: Mapping[str, str]) -> tuple[dict[str, str], ...]:
        """The labels under which Alertmanagers may have an alert; none where relabelling drops it."""
        full = {**self.external, **labels}
        sent = (relabel(full, rules) for rules in self.ways)
        return tuple(after for after in sent if after is not None)


def read_outgoing(response: HttpResponse) -> Outgoing:
    """From an answer of `/api/v1/status/config`; raises `ValueError`, `KeyError`, `TypeError` for another shape."""
    import yaml

    text = json.loads(response.body)["data"]["yaml"]
    wanted = "".join(part for part in _SECTION.split(text) if part.startswith(_WANTED))
    try:
        raw = yaml.safe_load(wanted) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("no YAML") from error
    alerting = raw.get("alerting") or {}
    shared = _rules(alerting.get("alert_relabel_configs"))
    groups = [_rules(group.get("alert_relabel_configs")) for group in alerting.get("alertmanagers") or ()]
    external = (raw.get("global") or {}).get("external_labels") or {}
    return Outgoing(
        {clean(str(name)): clean(str(value)) for name, value in external.items()},
        tuple(dict.fromkeys((*shared, *own) for own in groups)) or (shared,),
    )


def _rules(entries: list[dict[str, Any]] | None) -> tuple[RelabelRule, ...]:
    return tuple(RelabelRule.model_validate(entry) for entry in entries or ())
