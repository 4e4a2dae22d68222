"""What `warroom runbook` finds, prints and checks."""
