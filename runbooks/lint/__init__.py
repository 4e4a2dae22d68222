"""What is wrong in a runbook of our own format."""
