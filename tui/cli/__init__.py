"""The command line: finds the command, prints facts and remarks, and turns every failure into one line and an exit code."""
