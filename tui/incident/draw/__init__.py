"""An incident as lines of text: header, checklist, the step in hand, timeline and the other panes."""
