"""What `warroom runbook` does: `find`, `show`, `plain` and `as_json` print a manual, `lint` and `rules` check one, `new` writes one."""
