"""Switches that the service reads: where they are kept (`stores`), what a change of one is (`change`)."""
