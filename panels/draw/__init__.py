"""A panel as text. What draws knows Rich; what judges does not.

`panel.panel_line` and its details, `chart`, `alerts`, `changes`, `zoom`; `text` wraps and cuts.
"""
