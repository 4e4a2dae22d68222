"""`python -m sandbox.worker …`: Celery's own command line, as a file that can be started again.

Asked to start anew (SIGHUP), a worker runs the file that it was started from. Celery's `__main__` can't be run that way,
and its script need not be beside the interpreter.
"""

from __future__ import annotations

import time

from sandbox.breakages.marks import CLOCK_SKEW_S
from sandbox.breakages.state import number_of
from sandbox.guard import follow_supervisor

_true_time = time.time


def skewed_time() -> float:
    """The clock of a worker during a drill: wrong by so much. What reads the machine's clock in C (`datetime`) is not."""
    return _true_time() + number_of(CLOCK_SKEW_S, 0.0)


if __name__ == "__main__":
    time.time = skewed_time  # before anybody takes it by its name
    from celery.__main__ import main

    follow_supervisor()
    main()
