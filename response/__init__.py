"""Use cases of incident response: what a responder may do, what is asked first, and which events are written."""
