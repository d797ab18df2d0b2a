"""How good an answer is."""

IDEAL_LENGTH = 260  # characters
VERBS = ("Try", "Discover", "Order", "Join", "See", "Get", "Start", "Lead", "Shift", "Keep")


def quality(text: str) -> float:
    """From 0 to 1: is it complete, does it have the right length, does it ask the reader to do something?"""
    complete = text.endswith((".", "?", "!"))
    fitting = max(0.0, 1 - abs(len(text) - IDEAL_LENGTH) / IDEAL_LENGTH)
    inviting = any(verb in text for verb in VERBS)
    return 0.4 * complete + 0.3 * fitting + 0.3 * inviting
