"""The cases hold tests of their own, which are data here."""

collect_ignore_glob = ["*"]
