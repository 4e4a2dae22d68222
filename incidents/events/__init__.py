"""What an event can say, the chain of events, and the incident that is folded from them."""
