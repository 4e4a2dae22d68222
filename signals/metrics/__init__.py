"""Sources that answer PromQL, and what is read off a curve.

`model.MetricSource` · `prometheus.PrometheusSource` · `scrape.ScrapeSource` · `failover.MetricFailover` ·
`promql.evaluate`, `promql.evaluate_range` · `prometheus_api` (its JSON) · `exposition.parse_exposition` ·
`trend.direction`, `trend.slope`, `trend.time_to_limit`.
"""
