"""From a Markdown file to a `Runbook`."""
