"""A newcomer's first four minutes: something real breaks in the sandbox, and one line at the foot says what comes next."""
