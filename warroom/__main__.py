"""`python -m warroom`: the same as the command `warroom`."""

from __future__ import annotations

from warroom import main

raise SystemExit(main())
