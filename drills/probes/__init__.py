"""The manual's verification points, one file each, asked with real requests; each says its verdict with numbers."""
