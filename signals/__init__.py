"""Where facts come from. Knows no screen: everything here answers with data, and says so when it can't.

`sources.open_sources` opens what the configuration names (`settings`); what answers look like stands in `reading`, and
in the `model` of each room: `metrics/` (PromQL), `alerts/`, `celery/` (queues and workers), `database/`. `connections/`
is how they are reached, `store/` what the direct scrape remembers.
"""
