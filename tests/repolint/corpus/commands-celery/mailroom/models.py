class Letter:
    number = 0
