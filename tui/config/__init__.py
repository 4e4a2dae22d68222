"""The whole configuration: each room owns its section, here they meet, with the line of every mistake."""
