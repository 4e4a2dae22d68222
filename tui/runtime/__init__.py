"""The process around the face: log file, memory, terminal driver and what the terminal can show."""
