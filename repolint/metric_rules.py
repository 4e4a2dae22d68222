"""The Prometheus half of the lint of a manual: every rule about metrics, alerts, dashboards and scraping."""

from __future__ import annotations

from repolint.rules.alert_numbers_rules import numbers_beside_an_alert
from repolint.rules.metric_lacks_rules import (
    alerts_without_series,
    expressions_that_are_none,
    labels_grouped_by,
    metrics_that_nothing_exports,
    rule_files_that_are_none,
)
from repolint.rules.metric_numbers_rules import (
    numbers_beside_a_metric,
    numbers_in_annotations,
    objectives_between_buckets,
)
from repolint.rules.named_rules import (
    alerts_that_no_rule_defines,
    dashboards_that_are_not_there,
    routes_to_nothing,
    rule_groups_that_are_not_there,
)
from repolint.rules.never_fires_rules import (
    conditions_out_of_reach,
    quantiles_without_le,
    waits_longer_than_its_window,
    windows_too_short,
)
from repolint.rules.rules_loaded_rules import rules_that_are_not_loaded
from repolint.rules.scrape_rules import forked_workers, paths_that_nothing_serves, targets_out_of_reach

METRIC_RULES = (
    metrics_that_nothing_exports,
    labels_grouped_by,
    alerts_without_series,
    expressions_that_are_none,
    rule_files_that_are_none,
    conditions_out_of_reach,
    quantiles_without_le,
    windows_too_short,
    waits_longer_than_its_window,
    numbers_beside_an_alert,
    numbers_beside_a_metric,
    numbers_in_annotations,
    objectives_between_buckets,
    alerts_that_no_rule_defines,
    dashboards_that_are_not_there,
    rule_groups_that_are_not_there,
    routes_to_nothing,
    rules_that_are_not_loaded,
    targets_out_of_reach,
    paths_that_nothing_serves,
    forked_workers,
)
