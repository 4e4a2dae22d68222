"""What an event can say, the chain of events, and the incident that is folded from them.

`body` has one model a kind, `event` chains them by hash, `phrase` keeps texts without a language; `fold.fold` makes the
`incident.Incident`.
"""
