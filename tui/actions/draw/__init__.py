"""Plans, runs and what is in force as lines of text."""
