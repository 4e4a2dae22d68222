"""What a responder may do in an incident: the one place that decides, and that writes what was decided.

- `steps`, `incident`, `records`: use cases, from a `Situation` to a `Proposal` of events.
- `guard.may`: allowed, a question to ask first, or refused and why (`decision`); `write.write` asks it once more, with the
  newest fold, and appends to the journal.
- `checklist`: the runbooks of an incident as rows; `names`: what their steps are called.

It knows runbooks, incidents and what checks observed. What panels show is handed in as data.
"""
