"""The manuals (`en/`, `zh/`), and the code that reads, checks and matches them. Nothing here knows a screen."""
