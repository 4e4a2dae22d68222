"""Which alerts are active.

`model.Alert`, `model.Alerts`, `model.AlertSource` · `rules.RuleAlerts` (rule files evaluated here), `rules.load_rules` ·
`alertmanager.AlertmanagerSource` · `failover.AlertFailover` · `templates.fill` (annotations).
"""
