"""What each live panel asks, how it judges the answer, and how it is drawn.

A panel is data (`spec`, `settings`). A value walks `query_cache`, `fetch`, `judge` (with `no_data` where there is none)
and `projection`, beside the `enrich`ers; `fold` makes the `state` of what they contribute; `draw` shows it. `poll` keeps
that going (`poll_panels`, `poll_once`), `evaluate` is one round of one panel. `zoom` asks one query over a chosen range,
`changes` logs what began and ended, `budget_impact` says what an incident cost, `evidence` what a pin keeps.
"""
