"""Where each provider says what a call used: one row a dialect, each with the page of the provider that describes it.

`places` are, for each number, the paths at which it may stand, the first that says more than nothing first. A row that
is `like` another has what that has, and its own places before. Rows of one shape (chat completions, say) are read
together: a gateway passes on the fields of whoever stands behind it, so what is written in any row is found at any
address; whose answer it is decides the rest of the row, `added_to_output` and what the provider itself charged.

All providers' counts in streams are cumulative: the last one of each number counts, none is added to another.
"""

from signalfire.llm.dialects.anthropic import MESSAGES
from signalfire.llm.dialects.openai import CHAT_ROWS, RESPONSES_ROWS
from signalfire.llm.dialects.others import (
    CHARACTERS,
    COHERE,
    CONVERSE,
    GEMINI,
    INTERACTIONS,
    INVOKED,
    LLAMA,
    OLLAMA,
    PAGES,
    SECONDS,
    TITAN,
    TOTAL,
    WATSONX,
)
from signalfire.llm.dialects.row import Dialect

ROWS: tuple[Dialect, ...] = (
    *CHAT_ROWS,
    MESSAGES,
    *RESPONSES_ROWS,
    CONVERSE,
    INVOKED,
    LLAMA,
    TITAN,
    GEMINI,
    INTERACTIONS,
    COHERE,
    OLLAMA,
    WATSONX,
    PAGES,
    SECONDS,
    CHARACTERS,
    TOTAL,
)
"""All dialects. Of those that a usage could be of by its fields, the first is taken."""
