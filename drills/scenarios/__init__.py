"""A game day as data: its model, its YAML, its lint."""
