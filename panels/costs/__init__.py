"""What the language model costs: asked as configured, projected to the end of the month, and what would make it less."""
