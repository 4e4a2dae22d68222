"""Runs an action in a process of its own that has no terminal, records what became of it, and goes on when all else dies.

`request.RunRequest` (what it is given, through a pipe) · `launch.launch` (starts it, or takes a `Spare` that waits) ·
`__main__` (the process) · `execute` (claim, plan again, run, verify, record) · `tell` (the incident hears of it) · `unwritten`
(what the journal did not take waits) · `watch` (heartbeat, cancel, time limit) · `guardian` (ends the programs of a runner that
was killed) · `output` (cleaned, without secrets, bounded) · `folder.RunFolder` (where a run's files are) · `attach` (follows a
run from anywhere on its host).
"""
