"""The two ways in which the stack runs, plain processes and containers, and which of them a command takes."""
