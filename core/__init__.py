"""What every room speaks with, and nothing of any room's own.

`message.Message`, `message.say` (a text before it has a language) · `text.clean` (text from outside made harmless) ·
`errors` (the tree of what can go wrong) · `units.quantity`, `units.duration`, `units.threshold` · `times.parse_time`,
`times.parse_duration` · `settings.Section` (the base of every section of the configuration) · `toml_file` (where it is,
and the line of a key).
"""
