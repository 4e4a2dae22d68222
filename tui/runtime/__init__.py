"""The process around the face.

`app` (Textual's App over SSH) with its `keys` (one after the other), `driver` and `cells` (few bytes), `sizes`
(a screen is as large as its terminal); `terminal` (what it can show); `log`, `exit` (codes and crashes), `quit` (back at the shell in time), `malloc`.
"""
