"""One module a command: its options, what it does, and its `COMMAND`, by which it is found."""
