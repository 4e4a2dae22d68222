"""`python -m sandbox.worker …`: Celery's own command line, as a file that can be started again.

Asked to start anew (SIGHUP), a worker runs the file that it was started from. Celery's `__main__` can't be run that way,
and its script need not be beside the interpreter.
"""

from __future__ import annotations

from celery.__main__ import main

from sandbox.guard import follow_supervisor

if __name__ == "__main__":
    follow_supervisor()
    main()
