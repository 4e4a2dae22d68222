"""From a Markdown file to a `Runbook`: `read.read_runbook`.

`format` reads our own format (FORMAT.md), `plain` any other manual; `blocks` what stands in a step, `check` a check of a
block or of the configuration, `include` puts other runbooks in.
"""
