"""What `warroom drill` can do: one file a verb, found by being there. Each holds a `VERB` and is named as it is typed."""
