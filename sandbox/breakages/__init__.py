"""What the supervisor breaks and mends on command, for drills.

control    the socket in the sandbox's folder on which it is asked, and who may ask
ledger     what is broken now, with its deadline: the supervisor mends at that time whoever else has died
registry   every kind of breakage by name; the other files hold them
state      what the other parts of the stack read at each task: the file that a breakage leaves for them
"""
