"""Game days: faults on a disposable or a named system, probes, scenarios, oracles and the score.

target       the system that is broken on purpose; `settings` what a configuration says of drills
faults/      one file a fault: how it is injected, what was there before, how it is lifted; the watchdog that lifts it
configured/  faults of a system that is no sandbox: agreed to by people, injected and lifted as runs of `chaos.inject`
probes/      the manual's verification points, each with real requests and numbers
scenarios/   a game day as data: model, reading, lint
oracles/     one file a kind of expectation about the response
record       what happened in a drill; `score` what it is worth; `report` how it is told
conduct      plays a scenario on a target; `autopilot` stands in for the responders
stress/      the load steps of the stress plan
"""
