"""What is special to one operated system, as data: a folder a system, and the thin reader of one (`profiles.profile`).

`[service] profile` chooses one: by the name of a folder here, or as the path of a team's own. Where none is chosen it is
`generic`, which knows nothing of any one system.
"""
