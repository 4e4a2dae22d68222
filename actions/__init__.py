"""What changes the world, and what looks closely at it: the audit for secrets (`secrets`)."""
