"""Drills on the screen: the word DRILL on a responder's board, and what the drill master sees and does."""
