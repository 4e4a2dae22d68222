"""What `warroom incident` reads, writes and prints."""
