"""What remains of an incident: timeline, postmortem draft, charts, statistics."""
