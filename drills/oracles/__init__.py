"""What a good response is: one file a kind of expectation, found by being there."""
