"""The screens of actions: what fits, its parameters, its plan, its run; what is in force, and the runs of the past.

`start.propose` is the one door: it is called by a key on a panel, an alert, a step or the palette.
"""
