"""The incident on screen: the thread that follows the journal, what the screens know, and how each part is drawn."""
