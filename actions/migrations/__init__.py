"""Alembic migrations of any project: what is pending and what it would do, up, down without losing a row, and back.

`sql` what a statement locks and loses · `project` the project's own Alembic, run in its own environment · `session`
the lock and the look at other sessions · `upgrade` · `snapshot`, `downgrade` · `state` where all stands ·
`planned_upgrade`, `planned_downgrade` what actions plan, run and verify.
"""
