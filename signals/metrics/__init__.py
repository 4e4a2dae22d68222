"""Sources that answer PromQL: Prometheus, direct scrape, the failover between them, and the evaluator in process."""
