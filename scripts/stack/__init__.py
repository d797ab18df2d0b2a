"""What both runtimes share: what the stack consists of, its ports, who may change it, and whether it answers."""
