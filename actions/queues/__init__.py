"""What is done to the broker's queues: messages are set aside and put back, none lost, none twice, none out of order."""
