"""Checks a manual, in any language, against the repository that it speaks about: is what it names really there.

Ask `lint.lint_manuals` for the findings, `registry.rules` for the rules; `lint.open_project` opens both sides for other readers.
A finding goes `project` (files and manuals) → `facts` (what they say) → `rules` (what is wrong) → `lint` (all of it, sorted).
"""
