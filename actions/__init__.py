"""What changes the world: each action shows its plan first, runs detached from the terminal, is verified, can be undone.

`model` (Action, Plan, and what their functions are given) · `registry` (which actions there are) · `catalogue/` (one file
an action) · `planning` (a plan, and whether it is still the one that was confirmed) · `capabilities` (what actions may
reach) and `providers/` (how that is reached) · `settings` (the `[actions]` section) · `queues/`, `switches/`, `upkeep/`,
`migrations/`, `secrets/` … (what several actions share).

Who may run what is decided in `response`; nothing here asks a person.
"""
