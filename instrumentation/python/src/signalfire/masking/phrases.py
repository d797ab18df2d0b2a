"""Secrets in texts that are known by the words around them: schemes of HTTP, options of commands, cookies' own reprs.

Each has a sign, in lower case: a text without it need not be searched.
"""

import re
from dataclasses import dataclass

from signalfire.masking.marks import HIDDEN, any_in
from signalfire.masking.numbers import START

_GAP = r"""[\s"',\\]{1,8}"""
_WORD = r"""(?!\[MASKED)[^\s"',\\]{1,256}"""
_TAB = r"(?:\t|\\t)"
# From a command up to one of its options, on the same line.
_OPTIONS = r"""(?:(?![|;&\n])[^\n]){0,400}?"""


@dataclass(frozen=True, slots=True)
class Phrase:
    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str = rf"\1{HIDDEN}"


PHRASES = (
    Phrase(
        ("bearer", "basic", "ssws", "apikey", "geniekey"),
        re.compile(
            START + r"([Bb]earer|BEARER|[Bb]asic|BASIC|SSWS|[Aa]piKey|GenieKey)\s{1,8}"
            r"(?=[^\s]{0,256}[0-9A-Z=])[A-Za-z0-9+/._~=-]{8,}"
        ),
        rf"\1 {HIDDEN}",
    ),
    # --- databases ---
    Phrase(
        ("identified",),
        re.compile(
            r"(?i)(\bidentified\s{1,4}(?:with\s{1,4}\S{1,64}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?(\\{0,15}[\"']))"
            r"(?!\[MASKED\])(?:(?!\2)[^\n])+"
        ),
    ),
    Phrase(
        ("identified",),
        re.compile(
            r"(?i)(\bidentified\s{1,4}by\s{1,4}(?:values\s{1,4})?)(?![\"'\\]|\[MASKED|values\b|password\b)[^\s;,]{1,256}"
        ),
    ),
    Phrase(
        ("crypt(",),
        re.compile(r"(?i)(\b(?:pgp_sym|aes)_(?:en|de)crypt\([^()\n]{1,200},\s{0,4}')(?!\[MASKED)[^'\n]{1,256}"),
    ),
    Phrase(
        ("auth",),
        re.compile(
            r"(\\{0,15}\"AUTH\\{0,15}\"(?:\s\\{0,15}\"[^\"\n]{1,64}\")?\s\\{0,15}\")(?!\[MASKED)[^\"\\\n]{1,256}(?=\\{0,15}\"(?!\s\\{0,15}\"))"
        ),
    ),
    Phrase(
        ("auth ",),
        re.compile(
            r"((?:^|>\s|redis\S{0,40}\s{1,4})AUTH\s(?:default\s)?)(?!\[MASKED|PLAIN|LOGIN)[^\s\"']{1,256}(?=[\s\"']|\Z)"
        ),
    ),
    Phrase(("auth",), re.compile(r"(\bHELLO\s[23]\sAUTH\s\S{1,64}\s)(?!\[MASKED)\S{1,256}")),
    # --- mail and file transfer ---
    Phrase(("auth ",), re.compile(r"(\bAUTH (?:PLAIN|XOAUTH2|LOGIN) )(?!\[MASKED)[A-Za-z0-9+/=]{8,}")),
    Phrase(("pass ",), re.compile(r"(\bPASS )(?!\[MASKED)[^\s\\\"']{1,256}(?=\r|\\{1,15}r)")),
    # --- commands ---
    Phrase(
        ("curl", "wget", "http ", "https ", "xh "),
        re.compile(
            rf"(\b(?:curl|http|https|xh|wget)\b{_OPTIONS}(?<![\w-])(?:-u|-U|--user|--proxy-user|-a|--auth){_GAP}[^\s\"',:\\]{{0,64}}:){_WORD}"
        ),
    ),
    Phrase(("curl",), re.compile(rf"(\bcurl\b{_OPTIONS}(?<![\w-])-u(?=[^\s-])[^\s\"',:\\]{{1,64}}:){_WORD}")),
    Phrase(
        ("mysql", "mariadb"),
        re.compile(rf"(\b(?:mysql|mariadb)[\w-]{{0,16}}\b{_OPTIONS}[\s\"']-p)(?=[^\s\"',-]){_WORD}"),
    ),
    Phrase(
        ("sshpass", "login", "mongo", "unzip"),
        re.compile(
            rf"(\b(?:sshpass|(?:docker|podman|nerdctl|buildah|az|registry)\b[\s\"',]{{1,4}}login|helm\b{_OPTIONS}login|mongo[\w-]{{0,12}}|unzip)\b{_OPTIONS}[\s\"']-[pP]\s{{0,4}}[\"',\s]{{0,4}}){_WORD}"
        ),
    ),
    Phrase(("redis-cli", "valkey-cli"), re.compile(rf"(\b(?:redis|valkey)-cli\b{_OPTIONS}[\s\"']-a{_GAP}){_WORD}")),
    Phrase(("ldap", "sqlcmd"), re.compile(rf"(\b(?:ldap[a-z]{{3,10}}|sqlcmd)\b{_OPTIONS}[\s\"']-[wP]{_GAP}){_WORD}")),
    Phrase(("pass:",), re.compile(r"((?<![A-Za-z])pass:)(?=\S)(?!\[MASKED)[^\s\"'\\]{1,256}(?<!:)")),
    Phrase(
        ("chpasswd",),
        re.compile(r"([\"'][\w.-]{1,64}:)(?!\[MASKED)[^\s\"']{1,256}(?=[\"']\s{0,4}\|\s{0,4}(?:sudo )?chpasswd)"),
    ),
    Phrase(
        ("securestring",),
        re.compile(r"(?i)(ConvertTo-SecureString\s{1,4}(?:-String\s{1,4})?\\{0,15}[\"'])(?!\[MASKED)[^\"'\\\n]{1,256}"),
    ),
    # --- files ---
    Phrase(
        ("password ",),
        re.compile(
            r"(?i)(\b(?:login|user|username|machine|account)\s{1,4}\S{1,64}\s{1,8}password\s{1,4})(?!\[MASKED)\S{1,256}"
        ),
    ),
    Phrase(
        ("requirepass ", "masterauth "),
        re.compile(r"(?i)((?<![\w-])(?:requirepass|masterauth)[\"']?\s{1,4}[\"']?)(?!\[MASKED)[^\s\"']{1,256}"),
    ),
    Phrase(
        ("env ", "setx ", "setenv "),
        re.compile(
            r"(?i)(\b(?:ENV|setx|setenv)\s{1,4}[\w.-]{0,40}(?:passw(?:or)?d|pass|pwd|secret|token|(?:api|access|private)_?key)[\w.-]{0,16}\s{1,4}"
            r"[\"']?)(?![=\s]|\[MASKED)[^\s\"']{1,256}"
        ),
    ),
    Phrase(
        ("true", "false"),
        re.compile(
            rf"(\S{{1,255}}{_TAB}(?:TRUE|FALSE){_TAB}[^\s\\]{{1,255}}{_TAB}(?:TRUE|FALSE){_TAB}[0-9]{{1,12}}{_TAB}[^\s\\]{{1,255}}{_TAB})"
            r"(?!\[MASKED)[^\s\\\"']{1,4096}"
        ),
    ),
    # --- cookies' own reprs ---
    Phrase(("<cookie ",), re.compile(r"(<Cookie )(?!\[MASKED)[^>\n]{1,4096}?(?=(?: for [^>\s]{1,255})?/?>)")),
    Phrase(
        ("cookie(", "cookie{"),
        re.compile(
            r"""((?:Cookie[({])(?:(?!value)[^\n]){0,256}value\s?[=:]\s?["'])(?!\[MASKED)[^"'\n]{1,4096}""",
            re.IGNORECASE,
        ),
    ),
    Phrase(("morsel:",), re.compile(r"(<Morsel: )(?!\[MASKED)[^>\n]{1,4096}")),
    Phrase(("simplecookie:", "basecookie:"), re.compile(r"(<(?:Simple|Base)Cookie: )(?!\[MASKED)[^>\n]{1,4096}")),
)


def mask_phrases(text: str) -> str:
    lower = text.lower()
    for phrase in PHRASES:
        if any_in(phrase.signs, lower):
            text = phrase.pattern.sub(phrase.replacement, text)
    return text
