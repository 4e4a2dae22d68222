"""The process of one run: reads its request, leaves its parent, and does it.

It is born with a session of its own (`launch`); after a second fork it leads none, so that it can't get a terminal.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Never returns to whoever started it: the parent ends as soon as the request is known to be whole."""
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raw = sys.stdin.buffer.read()
    from actions.runner.request import read_request

    try:
        request = read_request(raw)
    except ValueError:
        sys.stderr.write("the request was cut: nothing was done\n")
        os._exit(2)
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    for number in (signal.SIGINT, signal.SIGTERM):  # a machine that goes down: end the work, and record it
        signal.signal(number, signal.SIG_DFL)
    from actions.runner.execute import execute

    try:
        execute(request)
    except Exception as error:  # noqa: BLE001  # the last net: its words may hold a secret, its kind and place do not
        from traceback import extract_tb

        place = extract_tb(error.__traceback__)[-1]
        sys.stderr.write(f"{type(error).__name__} in {place.filename}:{place.lineno}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


main()
