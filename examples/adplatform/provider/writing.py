"""The text of the answers."""

import random

from examples.adplatform.latency import log_normal
from examples.adplatform.provider.tokens import CHARACTERS_PER_TOKEN, count_tokens

SENTENCES = [
    "Built for the long way home, and light enough for the short one.",
    "Try it for sixty days and send it back if it does not earn its place.",
    "Order today and take it out this weekend.",
    "Made from recycled fabric that has already outlived two winters of testing.",
    "Discover the season's colours before they are gone.",
    "Lead with the benefit, then name the price.",
    "The audience that bought twice last year responds best in the evening.",
    "Shift a tenth of the spending from display to search and watch it for three days.",
    "Most visitors leave on the second page, so the offer belongs on the first.",
    "Start with a small bid and raise it where the return stays above two.",
    "Short headlines with a number in them did a third better.",
    "Rain or shine, you will be glad you packed it.",
    "See how it is made, mended and made again.",
    "The tone is warm and clear, and the claim can be proved.",
    "Join forty thousand people who already walk further.",
    "Keep the picture, change the first line, and test both against each other.",
    "Get free delivery when you choose two or more.",
    "Frequency is above four a week, which is where people begin to look away.",
]


def write(median_tokens: int, most_tokens: int | None) -> tuple[str, str]:
    """A text of about the wanted length and its finish reason: "stop", or "length" when it had to be cut."""
    wanted_tokens = log_normal(median_tokens)
    sentences = random.sample(SENTENCES, len(SENTENCES))
    text = sentences.pop()
    while count_tokens(text) < wanted_tokens:
        text = f"{text} {sentences.pop() if sentences else random.choice(SENTENCES)}"
    if most_tokens is None or count_tokens(text) <= most_tokens:
        return text, "stop"
    return text[: most_tokens * CHARACTERS_PER_TOKEN], "length"


def fragment(text: str) -> str:
    """Its first words, which nobody can use."""
    return " ".join(text.split()[: random.randint(2, 6)])
