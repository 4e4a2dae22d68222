"""A panel as text: lines, charts, lists and the zoom. What draws knows Rich; what judges does not."""
