"""Secrets in addresses: credentials and tokens of URLs, and e-mail addresses."""

import re

from signalfire.masking.marks import HIDDEN
from signalfire.masking.paths import mask_paths

EMAIL = "[MASKED:email]"

_CREDENTIALS = re.compile(
    r"""://(?!git@)(?:[^/\s?\#"']{1,512}|[^/\s:@?\#"']{0,128}:(?![0-9]{1,5}[/?\#])[^\s@"']{1,256})@(?=[\w\[])"""
)
# "postgres//user:password@host": who mistypes an address finds it in an error message.
_MISTYPED_CREDENTIALS = re.compile(r"""(?<!:)//[^/\s:@?\#"']{1,128}:[^/\s@"']{1,256}@(?=[\w\[])""")
_ORACLE = re.compile(r"(?i)(\bjdbc:oracle:\w{1,8}:[^\s/@:\"']{1,64}/)(?!\[MASKED)[^\s@\"']{1,256}(?=@)")
_QUERY = re.compile(
    r"""(?ai)([?&](?:amp;)?(?:[a-z_-]{0,16}signature|sig|key|auth|code|pw|pass|jwt|otp|ticket|assertion|samlresponse)=)"""
    r"""(?!\[MASKED)[^&\s"'\#\\<>]+"""
)
_AT = re.compile(r"@|%40")
_LOCAL = frozenset("._%+-")
_LONGEST_LOCAL = 64
# A domain ends in a name: what ends in a number is the version of a package.
_DOMAIN = re.compile(
    r"(?!v?[0-9]{1,4}\.[0-9x])[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}?\.(?:xn--[\w-]{1,59}|[^\W\d_]{2,63})(?![\w-]|\.[\w-])"
)
# After an address that is none: `git@host:path`, `host:/path` of scp, `function@file.js:12` of a browser's stack.
_REMOTE_PATH = re.compile(r":(?:[~/]|[\w.-]{1,64}/)")
_PATH_AFTER_GIT = re.compile(r"[:/]")
_STACK_PLACE = re.compile(r"\.[mc]?[jt]sx?\Z")
_FILE = re.compile(
    r"\.(?:service|socket|timer|mount|automount|target|slice|scope|device|swap|png|jpe?g|gif|svg|webp|tgz|jar|whl|exe|dll)\Z"
)
_GIT_USERS = frozenset({"git", "hg", "svn"})
# Celery calls its nodes celery@host, kombu gen123@host.
_NODE = re.compile(r"(?:celery|gen[0-9]{1,9})\Z")


def mask_credentials(text: str) -> str:
    """The text without the credentials before the hosts of URLs."""
    if "@" not in text or "//" not in text:
        return text
    return _MISTYPED_CREDENTIALS.sub(f"//{HIDDEN}@", _CREDENTIALS.sub(f"://{HIDDEN}@", text))


def mask_addresses(text: str) -> str:
    """The text without tokens of URLs and without e-mail addresses."""
    text = mask_paths(text)
    if "=" in text:
        text = _QUERY.sub(rf"\1{HIDDEN}", text)
    if "racle" in text:
        text = _ORACLE.sub(rf"\1{HIDDEN}", text)
    return mask_emails(text) if "@" in text or "%40" in text else text


def mask_emails(text: str) -> str:
    pieces, place = [], 0
    for at in _AT.finditer(text):
        start = _start_of_local(text, place, at.start())
        domain = _DOMAIN.match(text, at.end()) if start < at.start() else None
        if domain is not None and not _is_none(text[start : at.start()], domain):
            pieces += [text[place:start], EMAIL]
            place = domain.end()
    return "".join((*pieces, text[place:])) if pieces else text


def _start_of_local(text: str, least: int, end: int) -> int:
    """Where the part before an @ begins."""
    start, least = end, max(least, end - _LONGEST_LOCAL)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in _LOCAL):
        start -= 1
    return start


def _is_none(local: str, domain: re.Match[str]) -> bool:
    after = domain.end()
    if local in _GIT_USERS and _PATH_AFTER_GIT.match(domain.string, after):
        return True
    if _NODE.match(local) or _FILE.search(domain[0]) or _REMOTE_PATH.match(domain.string, after):
        return True
    return _STACK_PLACE.search(domain[0]) is not None and domain.string[after : after + 1] == ":"
