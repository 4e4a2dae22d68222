"""Looking after what a service serves: data of the right version, pictures that arrive, an experiment that can be believed."""
