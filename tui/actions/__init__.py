"""What all screens and commands know of actions and runs: settings, the runs that go on, what is in force, and words for them.

It knows no screen; those are in `tui.screens.actions`.
"""
