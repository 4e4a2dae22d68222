"""What is special to one operated system, as data: a folder a system, with its board and its runbooks."""
