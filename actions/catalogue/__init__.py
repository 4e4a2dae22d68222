"""The actions that come with the program: one file each, named after its id, with its `ACTION`."""
