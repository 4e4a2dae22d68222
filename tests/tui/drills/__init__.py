"""The drill master's screens, and what responders see of a drill."""
