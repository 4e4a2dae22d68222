"""A Prometheus server, which answers PromQL and knows alerts: above the rooms of both.

`source.PrometheusSource` · `api` (its JSON, read and written).
"""
