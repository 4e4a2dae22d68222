"""Why a query has no data: `diagnose` searches for the cause, `diagnosis` is what it finds, with its sentence."""
