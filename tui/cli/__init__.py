"""The command line: finds the command, prints facts and remarks, and turns every failure into one line and an exit code.

`main.main` starts it, `dispatch` finds the command, `command.Command` and `Invocation` are what a command is and gets,
`resources` what commands open.
"""
