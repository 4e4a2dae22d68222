"""The queues on the broker and the workers that consume them."""
