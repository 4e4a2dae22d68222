"""What the repository makes of Celery: apps, tasks, queues, and the commands of its manuals."""
