"""What `warroom actions`, `run` and `runs` share: settings, plans and runs in words, confirmation, following a run."""
