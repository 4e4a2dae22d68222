"""The two threads that feed the face: `signals.SignalsThread` queries the sources, `journal.JournalThread` follows the journal."""
