"""Sources that answer PromQL, and what is read off a curve.

`model.MetricSource` · `scrape.ScrapeSource` · `failover.MetricFailover` ·
`promql.evaluate`, `promql.evaluate_range` · `exposition.parse_exposition` ·
`trend.direction`, `trend.slope`, `trend.time_to_limit`.
"""
