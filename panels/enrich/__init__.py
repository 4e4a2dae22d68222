"""What a panel says beyond its queries, one file a kind; `registry` says what such a file has, and lists them."""
