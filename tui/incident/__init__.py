"""The incident on screen, below the screens.

`context.IncidentContext` is what they know and write through, `draw/` its parts as lines of text.
"""
