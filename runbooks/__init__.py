"""The code that reads, checks and matches manuals. Nothing here knows a screen."""
