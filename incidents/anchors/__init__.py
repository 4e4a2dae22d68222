"""Anchors on their way: `send` posts them to webhooks and gives them to `git`, which keeps each as a commit."""
