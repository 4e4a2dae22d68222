"""What `warroom incident` does.

`write` makes proposals of the arguments, `submit` asks the guard and the person; `read`, `report`, `pin` and `update` print
and send.
"""
