"""Releases of the service: which there are, whether they fit the schema, and how one takes the place of another.

`model` (Release, Sighting, Adapter) · `adapters/` (one file a tool that runs services) · `look` (all that is known now) ·
`probe` (the request that answers with the version) · `scripts` and `operations` (what each release's revisions do) · `fit`
(whether a release can use the schema as it is) · `move` (image and schema in the right order) · `gates`.
"""
