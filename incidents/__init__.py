"""The journal of append-only events, and the incident that is folded from them.

`incidents.journal` opens and keeps a journal, `incidents.events` says what an event is, `incidents.report` and
`incidents.updates` are made of them.
"""
