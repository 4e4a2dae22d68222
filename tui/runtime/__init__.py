"""The process around the face.

`log`, `exit` (codes and crashes), `quit` (back at the shell in time), `malloc`, `driver` and `cells` (few bytes), `terminal`
(what it can show).
"""
