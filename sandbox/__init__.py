"""A disposable Chimera of real parts: servers, workers, stand-ins of the outside, load. Nothing stays behind."""
