"""What the manuals say: their text, code, shell commands, limits and the words around them."""
