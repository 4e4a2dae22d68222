"""Which files the repository has, and which of those that a manual names it lacks."""
