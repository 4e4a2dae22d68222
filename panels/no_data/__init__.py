"""Why a query has no data."""
