"""Calls to models: tracked (`call`), read from what the provider answered (`answers`), priced (`prices`).

The providers' own clients, streams included, are instrumented in `signalfire.providers`, which report here.
"""

from signalfire.llm.call import AiCall, ai_operation, subscribe, track_ai_call, track_tokens
from signalfire.llm.prices import calculate_cost

__all__ = ["AiCall", "ai_operation", "calculate_cost", "subscribe", "track_ai_call", "track_tokens"]
