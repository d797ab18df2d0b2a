"""Tokens in the paths of addresses: `/reset-password/7Hk2Lm9Qp4`, `/invite/…`, and those of chat, mail and hooks.

What stands behind such a word may be a token or the name of a step, of a file, of a thing. A long word with a digit is
taken for a token; a shorter one where it changes between digits, capitals and small letters as words do not.
"""

import re

from signalfire.masking.marks import HIDDEN

# What lets whoever knows the address in: up to it, and itself. `{id}` of a route's template is none.
_HOOKS = re.compile(
    r"(?i)("
    r"api\.telegram\.org/(?:file/)?bot"
    r"|discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{1,24}/"
    r"|hooks\.zapier\.com/hooks/catch/"
    r"|webhook\.office\.com/webhookb2/|outlook\.office(?:365)?\.com/webhook/"
    r"|maker\.ifttt\.com/trigger/[^/\s]{1,64}/(?:json/)?with/key/"
    r"|hc-ping\.com/|hooks\.chime\.aws/incomingwebhooks/|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/"
    r")[^\s\"'?#<>{}\[\]\\]+"
)
_SLASH = r"(?:\\{0,15}/|%2[Ff])"
_END = r"(?![A-Za-z0-9])"
# Right behind these words a long segment is a token, and a short one where it looks like one.
_THINGS = r"(?:(?:access|auth|api|reset|invite|session)?[_-]?tokens?|api[_-]?keys?|secrets?)"
# A little further behind these, too.
_PLACES = (
    r"(?:verify|verification|confirm|"
    r"confirmation|activate|activation|(?:accept[_-]?)?(?:invitations?|invites?)|unsubscribe|opt-?(?:in|out)|"
    r"(?:log|sign)-?in|sso|unlock|recover|reset)"
)
# Behind these there is hardly anything else.
_LETS_IN = (
    r"(?:magic[_-]?(?:links?|login)|(?:reset|forgot|recover|change|set|new|create)[_-]?(?:password|pw)|"
    r"passwords?[_-]?(?:resets?|recovery|change|confirm)(?:[_-]?confirm)?|passwords?/(?:resets?|edit|change|recover|new|set)|"
    r"(?:verify|confirm)[_-]?(?:e-?mail|account)|e-?mail[_-]?(?:verification|confirmation|verify|confirm)|"
    r"one-?time-?(?:login|link|secret|password)|recover-?account|account-?recovery)"
)
_SEGMENTS = re.compile(
    rf"(?i)({_SLASH}(?:(?P<lets_in>{_LETS_IN})|{_PLACES}|(?P<thing>{_THINGS}))(?={_SLASH}))"
    rf"(?P<rest>(?:{_SLASH}[A-Za-z0-9_.~=:-]{{1,256}}){{1,3}})(?![A-Za-z0-9])"
)
_SEGMENT = re.compile(rf"({_SLASH})((?:(?!%2[Ff])[^\\/])+)")
_LONG, _SHORT = 16, 8
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FILE = re.compile(
    r".{1,256}\.(?:[cm]?jsx?|tsx?|css|map|html?|php|py|rb|go|md|txt|json|ya?ml|xml|png|jpe?g|gif|svg|ico|webp|pdf)"
)
_NAMED_VERSION = re.compile(r"(?i)v[0-9]{1,3}(?:(?:alpha|beta|rc|dev|p)[0-9]{0,3})?|[a-z]{1,256}[0-9]{0,2}")
# From one kind of character to another; a word may begin with a capital.
_CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z])(?=[a-z][A-Z0-9])")
_CHANGES, _FEW_CHANGES = 4, 2


def mask_paths(text: str) -> str:
    """The text without tokens in the paths of addresses."""
    if "/" in text:
        text = _HOOKS.sub(rf"\1{HIDDEN}", text)
    return _SEGMENTS.sub(_without_tokens, text) if "/" in text or "%2" in text else text


def _without_tokens(found: re.Match[str]) -> str:
    pieces = [found[1]]
    lets_in = found["lets_in"] is not None
    for number, (slash, segment) in enumerate(_SEGMENT.findall(found["rest"])):
        looked_at = number == 0 or found["thing"] is None
        is_token = looked_at and _is_token(segment, lets_in, first=number == 0)
        pieces += [slash, HIDDEN if is_token else segment]
    return "".join(pieces)


def _is_token(segment: str, lets_in: bool, *, first: bool) -> bool:
    has_digit = any(map(str.isdigit, segment))
    if len(segment) < _SHORT or not has_digit or not any(map(str.isalpha, segment)) or _FILE.fullmatch(segment):
        return False
    if first and len(segment) >= _LONG:
        return True
    if _UUID.fullmatch(segment):
        return False
    parts = [part for part in re.split(r"[-_.~=:]+", segment) if _NAMED_VERSION.fullmatch(part) is None]
    changes = sum(len(_CHANGE.findall(part)) for part in parts)
    return changes >= (_FEW_CHANGES if lets_in else _CHANGES)
