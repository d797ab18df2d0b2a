"""What a secret looks like where only prose stands around it: a word with letters and digits that is nothing known.

`the password hunter2` shows one, `the password field` does not, nor do `sha256`, `v1.2`, `128k` and `2026-11-30`.
"""

import re

_CHARACTER = r"""[^\s"'`,;()<>\[\]{}|\\│┃]"""
_KNOWN = r"""(?:
    [vV]?[0-9]{1,9}(?:[._][0-9]{1,9}){1,8}
  | [0-9][0-9.,_]{0,20}(?:[A-Za-zµ%]{1,3}|th|chars?|bytes?|bits?|times|tokens?|days?|hours?|x)
  | [vV][0-9]{1,4}
  | [0-9]{4}-[0-9]{2}(?:-[0-9TZ:.+-]{1,32})?
  | [0-9]{1,2}:[0-9]{2}[0-9:.]{0,12}[apAPmM]{0,2}
  | (?:(?i:sha|md|aes|rsa|dsa|ecdsa|hs|rs|es|ps|utf|base|argon|bcrypt|scrypt|pbkdf|hmac|oauth|saml|x|ed|ipv|http|ssl|
      tls|python|step|stage|phase|level|line|row|page|case|test|option|attempt|field|rule|part|section|chapter|version|rev|
      number|no|example|ntlmv|kerberos|log|win|id|pr|issue|rfc|node|worker|shard|host)
      [_-]?[0-9][\w.-]{0,16})
  | [A-Za-z][\w+.-]{0,20}://[^\s]{0,256}
  | (?:\.{0,2}|~|[A-Za-z]:|[\w.-]{1,64})/[^\s]{0,256}
)(?![^\s"'`,;()<>\[\]{}|\\│┃.:!?])"""

_KNOWN = re.sub(r"\s+", "", _KNOWN)
LOOKS_SECRET = (
    rf"(?!\[MASKED)(?={_CHARACTER}{{0,64}}?[0-9])(?={_CHARACTER}{{0,64}}?[A-Za-z])(?!{_KNOWN})"
    rf"{_CHARACTER}{{4,255}}(?![.:!?]){_CHARACTER}"
)
"""A pattern of one such word, without what ends a sentence behind it."""

_WORD = re.compile(LOOKS_SECRET)


def looks_secret(word: str) -> bool:
    return _WORD.fullmatch(word) is not None
