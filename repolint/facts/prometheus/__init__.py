"""What the Prometheus rules, dashboards and scrape jobs of the repository ask for."""
