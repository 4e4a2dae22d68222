"""Runbooks as data: `library.load_library` reads them, `model` is what they are, `checks.measure` measures, `lint` judges.

Nothing here knows a screen or an incident.
"""
