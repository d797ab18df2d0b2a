"""How many tokens a text has, and how many of a prompt's the provider has seen before."""

import hashlib
import math
import time
from collections import OrderedDict

CHARACTERS_PER_TOKEN = 4  # the usual rule of thumb for English
TOKENS_AROUND_A_MESSAGE = 4

SMALLEST_CACHED_PROMPT = 1024  # tokens; shorter prompts are never cached
CACHED_BLOCK = 128  # tokens
SECONDS_CACHED = 300.0
MOST_BLOCKS = 20_000


def count_tokens(text: str) -> int:
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


class PromptCache:
    """Recognises prompts that begin like a recent one, by the block, as OpenAI's prompt caching does."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[tuple[str, bytes], float] = OrderedDict()

    def cached_tokens(self, model: str, prompt: str) -> int:
        """The tokens at the prompt's beginning that were cached before; from now on the whole prompt is."""
        now = time.monotonic()
        cached = 0
        unbroken = True
        for tokens, digest in _blocks(prompt):
            expires = self._blocks.pop((model, digest), 0.0)
            unbroken = unbroken and expires > now
            if unbroken:
                cached = tokens
            self._blocks[model, digest] = now + SECONDS_CACHED
        while len(self._blocks) > MOST_BLOCKS:
            self._blocks.popitem(last=False)
        return cached


def _blocks(prompt: str) -> list[tuple[int, bytes]]:
    """(tokens, digest) of each beginning of the prompt that can be cached, shortest first."""
    digest = hashlib.blake2b(digest_size=16)
    found = []
    start = 0
    for tokens in range(SMALLEST_CACHED_PROMPT, len(prompt) // CHARACTERS_PER_TOKEN + 1, CACHED_BLOCK):
        end = tokens * CHARACTERS_PER_TOKEN
        digest.update(prompt[start:end].encode())
        found.append((tokens, digest.digest()))
        start = end
    return found
