"""The words of the whole house: messages, harmless text, errors, units, times and the base of every settings section."""
