"""How long tests wait for what has to come: long enough for a busy machine, for nothing waits longer than it takes."""

PATIENCE_SECONDS = 240.0
