"""Secrets in calls, as code, stack traces and debuggers print them: `login('joe', '…')`, `token() = "…"`.

A place says what an argument is: the second of what logs in, the third of what connects, the only one of what sets a
password.
"""

import re

from signalfire.masking.phrase import Phrase
from signalfire.masking.words import LOOKS_SECRET

_QUOTED = r"""[bBuUN]?(?:\\{0,15}["'`])[^"'`\n\\]{0,200}(?:\\{0,15}["'`])"""
_OPENED = r"""[bBuUN]?\\{0,15}["'`]"""
_ARGUMENT = r"""(?!\[MASKED)[^"'`\n\\]{1,256}(?=\\{0,15}["'`])"""

CALLS = (
    Phrase(
        (
            "login(",
            "log_in(",
            "sign_in(",
            "signin(",
            "authenticate(",
            ".auth(",
            "pw_set(",
            "credential(",
            "credentials(",
        ),
        re.compile(
            rf"(?i)((?:\.|->|::|\b)\w{{0,40}}(?:login|log_in|sign_?in|authenticate|(?<=\.)auth|pw_set|credentials?)\(\s{{0,8}}"
            rf"{_QUOTED},\s{{0,8}}{_OPENED}){_ARGUMENT}"
        ),
    ),
    Phrase(
        ("construct(", "connect(", "connection(", "pdo(", "mysqli(", "ldap_bind(", "auth_password(", "imap_open("),
        re.compile(
            rf"(?i)(\b(?:__construct|\w{{0,24}}_connect|connect|get_?connection|create_?connection|pdo|mysqli|ldap_bind|"
            rf"ssh2_auth_password|imap_open)\(\s{{0,8}}(?:{_QUOTED}|[\w$.>()-]{{1,64}}),\s{{0,8}}{_QUOTED},\s{{0,8}}{_OPENED})"
            rf"{_ARGUMENT}"
        ),
    ),
    Phrase(
        ("password(", "passwd(", "pw(", "secret(", "token(", "bcrypt", "password_"),
        re.compile(
            rf"(?i)(\b(?:(?:set|check|verify|hash|validate|encrypt|change|compare|is_?valid)_?(?:\w{{1,16}}_)?"
            rf"(?:password|passwd|pw|secret|token)|password_(?:verify|hash)|bcrypt\.\w{{1,24}})\(\s{{0,8}}{_OPENED}){_ARGUMENT}"
        ),
    ),
    Phrase(
        ("token(", "secret(", "password(", "key(", "credential"),
        re.compile(
            rf"(?i)((?:token|secret|password|passwd|api_?key|access_?key|credentials?)\([^()\n]{{0,80}}\)\s{{0,2}}"
            rf"(?:->|→|==?>?|returned:?|returns|:)\s{{0,2}}(?:\\{{0,15}}[\"'`])?){LOOKS_SECRET}"
        ),
    ),
)
