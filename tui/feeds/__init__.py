"""The two threads that feed the face: one asks the sources, one follows the journal."""
