"""What `warroom doctor` looks at: the terminal, every source, every query, and a repository against the live side."""
