"""The configuration, with the line of every mistake.

`model.Config` is what it can say, `load.load_config` and `load.check_config` read it, `profile` lays a profile under it,
`discover` and `grafana` make a first one.
"""
