"""Warroom: incident command in a terminal. The face: command line, app, screens, configuration, language."""

__version__ = "0.1.0"
