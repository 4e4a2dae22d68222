"""`python -m sandbox.release list|deploy|switch|roll FRONT HEADER_FILE …`: the sandbox's deploy tool, for `[releases]`."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TIMEOUT_S = 100.0
"""A worker finishes its tasks first."""
WORDS = {"deploy": ("slot", "version"), "switch": ("live",), "roll": ("instance", "version")}
"""What the words behind each verb are."""


def main(arguments: list[str]) -> int:
    """Exit code 0 when the front did it; its words otherwise."""
    verb, front, header_file, *rest = arguments
    name, _, value = Path(header_file).read_text(encoding="utf-8").partition(":")
    request = Request(f"{front}/slots")  # noqa: S310  # the sandbox's own
    if verb in WORDS:
        document = dict(zip(WORDS[verb], rest, strict=True))
        request = Request(f"{front}/control", data=json.dumps(document).encode())  # noqa: S310  # the sandbox's own
    request.add_header(name, value.strip())
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # the sandbox's own
            document = json.load(answer)
    except HTTPError as error:
        body = error.read()
        with suppress(ValueError, KeyError, TypeError):
            body = str(json.loads(body)["error"]).encode()
        sys.stderr.write(body.decode(errors="replace") + "\n")
        return 1
    except (URLError, OSError, ValueError) as error:
        sys.stderr.write(f"{front}: {error}\n")
        return 2
    done = " is now ".join(rest) if verb == "roll" else f"{document.get('live')} is live"
    sys.stdout.write((json.dumps(document) if verb == "list" else done) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
