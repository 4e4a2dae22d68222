"""The one name that the installed program owns: `warroom`. It starts the command line from a private import root.

The rooms (`tui`, `signals`, `actions` …) have names that a project may use for packages of its own. So the wheel
carries them inside this package, and this package puts their folder first on `sys.path`: an install overwrites
nobody's modules, and nobody's modules are taken for ours. In the repository the rooms stand beside this folder.
"""

import _signal as signal  # type: ignore[import-not-found]  # built in, without a stub
import os
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # While imports run, Python would print a traceback. The module `signal` itself brings `enum` and `re`: too late.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

_HERE = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120  # `pathlib` is 10 ms more
ROOT = _HERE if os.path.isdir(os.path.join(_HERE, "tui")) else os.path.dirname(_HERE)  # noqa: PTH112,PTH118,PTH120
"""The private import root: the folder that holds the rooms."""


def main() -> int:
    """Run the command line and end the process with its exit code; 4 where a part of the program can't be imported."""
    sys.path.insert(0, ROOT)
    try:
        from tui.cli.main import main as run
        from tui.runtime.quit import end_process

        try:
            code = run()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        end_process(code)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last net: the command line has its own, with a log
        try:
            sys.stderr.write(f"warroom: could not start: {type(error).__name__}: {str(error)!a}\n")
        except (AttributeError, OSError, ValueError):
            return 4  # nobody can be told
        return 4
