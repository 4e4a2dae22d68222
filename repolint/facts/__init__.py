"""What a repository and its manuals say, by subject: each fact is a function of the `Project`, found out once (`project.fact`).

`manual` what the manuals say · `files` what is in the repository · `python` its code · `metrics` what it exports ·
`prometheus` its rules, dashboards and scrape jobs · `celery` · `database` · `compose` · `routes` · `yaml_lines`.
"""
