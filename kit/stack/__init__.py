"""The stack itself: the addresses and ports of its processes, who may change it now, and whether it answers."""
