"""What remains of an incident, in words.

`describe.describe_event` says one event, `timeline` and `postmortem` write the pages, `svg.draw_svg` the charts, `statistics`
compares incidents.
"""
