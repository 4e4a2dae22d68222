"""Status updates: when people must hear something, what it says, and its delivery."""
