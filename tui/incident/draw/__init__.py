"""An incident as lines of text, a module a part: `header`, `checklist`, `step`, `timeline`, `panes`."""
