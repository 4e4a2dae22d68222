"""What a panel says beyond its queries, one file a kind: objectives, budget, releases, queues, workers, schema."""
