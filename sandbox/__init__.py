"""A disposable Chimera of real parts: servers, workers, stand-ins of the outside, load. Nothing stays behind.

`stack` starts and ends it, `access` says who may enter, `guard` takes it down when its supervisor can not.
"""
