"""What is wrong in a runbook of our own format.

`lint` needs only the file, `drift` its translation, `alerts` the rules, `live` the sources; each returns a `finding.Finding`.
"""
