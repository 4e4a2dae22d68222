"""Which metrics the repository exports, with their labels, label values and buckets."""
