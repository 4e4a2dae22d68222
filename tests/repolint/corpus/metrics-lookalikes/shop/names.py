from enum import Enum

PREFIX = "shop"
QUEUES = ["orders", "mails"]
LABELS = ("queue", "kind")


class Family(str, Enum):
    RETRIES = "shop_retries_total"
