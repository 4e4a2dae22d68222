"""The journal of append-only events, and the incident that is folded from them."""
