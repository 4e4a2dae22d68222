"""One module a screen: what it shows and what its own keys do. `tui.app` names them, `tui.keymap` gives them keys."""
