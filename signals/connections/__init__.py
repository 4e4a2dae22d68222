"""How a source is reached: one way to open each kind of connection from its settings."""
