"""Secrets in texts that are known by the words around them: schemes of HTTP, options of commands, cookies' own reprs.

Each has a sign, in lower case: a text without it need not be searched.
"""

import re

from signalfire.masking.calls import CALLS
from signalfire.masking.commands import COMMANDS
from signalfire.masking.marks import HIDDEN
from signalfire.masking.numbers import START
from signalfire.masking.phrase import Phrase
from signalfire.masking.prose import ARROW, PROSE
from signalfire.masking.tools import TOOLS
from signalfire.masking.words import LOOKS_SECRET

_ESCAPED_ARROWS = (r"\u2192", r"\u21d2", r"\xe2\x86\x92", r"\xe2\x87\x92")
_TAB = r"(?:\t|\\t)"

PHRASES = (
    Phrase(
        ("bearer", "basic", "ssws", "apikey", "geniekey"),
        re.compile(
            START + r"([Bb]earer|BEARER|[Bb]asic|BASIC|SSWS|[Aa]piKey|GenieKey)\s{1,8}"
            r"(?=[^\s]{0,256}[0-9A-Z=])[A-Za-z0-9+/._~=-]{8,}"
        ),
        rf"\1 {HIDDEN}",
    ),
    Phrase(("bearer",), re.compile(rf"{START}((?:Bearer|BEARER)\s{{1,8}}){LOOKS_SECRET}")),
    Phrase(
        ("bearer",),
        re.compile(r"(?i)(\bsec-websocket-protocol[^\n]{0,64}?\bbearer,\s{0,4})(?!\[MASKED)[^\s\"',\\]{1,2048}"),
    ),
    Phrase(
        ("-signature",),
        re.compile(
            r"(?i)(\b(?:x-[\w-]{1,40}|stripe|webhook|svix|linear|paddle|shopify|intercom|typeform)"
            r"-signature(?:-[\w-]{1,16})?"
            r"\\{0,15}[\"']?\s{0,4}[,:=]\s{0,4}[bB]?\\{0,15}[\"']?)(?!\[MASKED)[^\s\"'\\&]{1,1024}"
        ),
    ),
    # --- databases ---
    Phrase(
        ("identified",),
        re.compile(
            r"(?i)(\bidentified\s{1,4}(?:with\s{1,4}\S{1,64}\s{1,4})?(?:by|as)"
            r"\s{1,4}(?:password\s{1,4})?(\\{0,15}[\"']))"
            r"(?!\[MASKED\])(?:(?:(?!\2)[^\n]){1,512}(?:\n(?:(?!\2)[^\n]){0,512}(?=\2))?|(?!\2)[^\n])"
        ),
    ),
    Phrase(
        ("identified",),
        re.compile(
            r"(?i)(\bidentified\s{1,4}by\s{1,4}(?:values\s{1,4})?)(?![\"'\\]|"
            r"\[MASKED|values\b|password\b)[^\s;,]{1,256}"
        ),
    ),
    Phrase(
        ("crypt(",),
        re.compile(r"(?i)(\b(?:pgp_sym|aes)_(?:en|de)crypt\([^()\n]{1,200},\s{0,4}')(?!\[MASKED)[^'\n]{1,256}"),
    ),
    Phrase(
        ("crypt(",),
        re.compile(r"(?i)((?<![\w])crypt\(\s{0,4}N?(\\{0,15}'))(?!\[MASKED)(?:(?!\2)[^\n]){1,256}"),
    ),
    Phrase(
        ("passphrase(", "encrypt(", "decrypt(", "hmac("),
        re.compile(
            r"(?i)((?<![\w])(?:(?:en|de)cryptbypassphrase\(|(?:en|de)crypt(?:_iv)?\([^(),\n]{1,200},|"
            r"hmac\([^(),\n]{1,200},)\s{0,4}N?'"
            r")(?!\[MASKED)[^'\n]{1,256}"
        ),
    ),
    Phrase(
        ("setuser",),
        re.compile(
            r"(\bSETUSER\\{0,15}[\"']?\s\S{1,64}\s(?:(?!\\{0,15}[\"']?>)\S{1,64}\s){0,16}?\\{0,15}[\"']?>)"
            r"(?!\[MASKED)[^\s\"'\\]{1,256}",
            re.IGNORECASE,
        ),
    ),
    # PostgreSQL says which row or which key it refuses, the row without the names of its columns.
    Phrase(
        ("row contains (",),
        re.compile(r"(Failing row contains )\((?!\[MASKED)[^\n]{1,4096}?\)(?=\.|\Z|\n|\\|[\"'])"),
        rf"\1({HIDDEN})",
    ),
    Phrase(
        (")=(",),
        re.compile(
            r"(?i)(\bKey \((?=[^()\n]{0,512}(?:passw|secret|token|_key|apikey|credential|passphrase))"
            r"[^()\n]{1,512}\)=\()(?!\[MASKED)[^\n()]{1,1024}(?=\))"
        ),
    ),
    Phrase(
        ("auth",),
        re.compile(
            r"(\\{0,15}\"AUTH\\{0,15}\"(?:\s\\{0,15}\"[^\"\n]{1,64}\")?\s\\{0,15}\")"
            r"(?!\[MASKED)[^\"\\\n]{1,256}(?=\\{0,15}\"(?!\s\\{0,15}\"))"
        ),
    ),
    Phrase(
        ("auth ",),
        re.compile(
            r"((?:^|>\s|redis\S{0,40}\s{1,4})AUTH\s(?:default\s|(?!PLAIN|LOGIN|CRAM)"
            r"[^\s\"']{1,64}[ ](?=[^\s\"']{1,256}[\"']?\Z))?)(?!\[MASKED|PLAIN|LOGIN|CRAM)[^\s\"']{1,256}(?=[\s\"']|\Z)"
        ),
    ),
    Phrase(("auth",), re.compile(r"(\bHELLO\s[23]\sAUTH\s\S{1,64}\s)(?!\[MASKED)\S{1,256}")),
    # --- mail and file transfer ---
    Phrase(
        ("auth",),
        re.compile(r"(\bAUTH(?:ENTICATE)? (?:PLAIN|XOAUTH2|LOGIN|OAUTHBEARER) )(?!\[MASKED)[A-Za-z0-9+/=]{4,}"),
    ),
    Phrase(
        ("334 ugfzc3dvcmq6",),
        re.compile(
            r"(334 UGFzc3dvcmQ6\s{0,4}?(?:\\{0,15}[rn]|[\r\n]){1,4}(?:C:|>{1,3})? ?)"
            r"(?!\[MASKED)[A-Za-z0-9+/]{4,256}={0,2}(?=\s|\\|\Z|[\"'])"
        ),
    ),
    # What a client of SMTP sends when it is asked for its password, in base64.
    Phrase(
        ("334 ugfzc3dvcmq6",),
        re.compile(
            r"(334 UGFzc3dvcmQ6(?!\s{0,4}\[MASKED)[^A-Za-z\n]{0,8}(?:rn|[rn\\'\"]){0,12}[^\n]{0,40}\n?(?:reply|"
            r"DEBUG)?[^\n]{0,200}?(?:\n|send: )[^\w\n]{0,4}(?:send: [bB]?[\"']|[CS>]:? )?)"
            r"(?!\[MASKED)[A-Za-z0-9+/]{4,256}={0,2}"
        ),
    ),
    Phrase(("pass ",), re.compile(r"(\bPASS )(?!\[MASKED)[^\s\\\"']{1,256}(?=\r|\\{1,15}r)")),
    Phrase(
        ("pass ",),
        re.compile(
            r"((?:\*cmd\* [bB]?\\{0,15}[\"']|(?:\A|\n|\\n|[\"'])(?:C:|>{1,3}|-{1,3}>|--->|FTP>|POP3>|put-cmd) ?[\"']?"
            r"|send: [bB]?\\{0,15}[\"']|\bUSER [^\s\\]{1,128}(?:\s|\\[rn]){1,4}(?:[0-9S+][^\n]{0,200}?(?:\n|\\n)"
            r")?(?:C: |> )?)PASS )"
            r"(?!\[MASKED)[^\s\\\"']{1,256}"
        ),
    ),
    Phrase(
        ("pass ",),
        re.compile(rf"((?:\A|\n)PASS )(?![A-Z]|[^\s]{{0,128}}(?:test|spec|[/_.])){LOOKS_SECRET}(?=[\"']?\s?(?:\Z|\n))"),
    ),
    Phrase(
        ("login ",),
        re.compile(
            r"(\b[A-Za-z]{0,6}[0-9]{1,6} LOGIN (?:\\{0,15}\"[^\"\n]{1,128}\"|[^\s\"]{1,128}) \\{0,15}\"?)"
            r"(?!\[MASKED)[^\s\"\\]{1,256}"
        ),
    ),
    Phrase(
        ("identify ",),
        re.compile(
            rf"((?:(?i:nickserv|chanserv)\s{{1,4}}:?(?i:identify)\s(?:[^\s]{{1,64}}\s(?=[^\s]{{1,256}}[\s\"']?\Z)"
            rf")?|\bIDENTIFY (?:[A-Za-z]\w{{0,32}} )?))"
            rf"{LOOKS_SECRET}"
        ),
    ),
    # --- libraries' pairs of a user and a password ---
    Phrase(
        ("auth",),
        re.compile(
            r"""((?:\b(?:[a-z]{1,12}_)?auth\\{0,15}["']?\s{0,2}[=:]\s{0,2}|\b\w{0,24}Auth)"""
            r"""[(\[]\s{0,8}[bB]?\\{0,15}["'][^"'\n\\]{0,128}\\{0,15}["'],\s{0,8}[bB]?\\{0,15}["'])"""
            r"""(?!\[MASKED)[^"'\n\\]{1,512}(?=\\{0,15}["'],?\s{0,8}[)\]])"""
        ),
    ),
    Phrase(
        ("_auth",),
        re.compile(
            r"""((?<![A-Za-z0-9])_auth\\{0,15}["']?\s{0,2}[=:]\s{0,2}\\{0,15}["']?)"""
            r"""(?!\[MASKED)[^\s"',;&\\(\[{]{1,1024}"""
        ),
    ),
    Phrase(
        ("pin",),
        re.compile(
            r"""(?i)((?<![\w-])pin\\{0,15}["']?(?:\s{0,2}[=:]\s{0,2}|\sis\s)\\{0,15}["']?)[0-9]{4,8}(?![\w.])"""
        ),
    ),
    Phrase(
        ("<input",),
        re.compile(
            r"""(?i)(<input\b(?=[^<>]{0,1024}?\btype\s?=\s?\\{0,15}["']?password)"""
            r"""[^<>]{0,1024}?\bvalue\s?=\s?\\{0,15}["'])(?!\[MASKED)[^"'<>]{1,1024}(?<!\\)"""
        ),
    ),
    # --- files ---
    Phrase(
        ("password ",),
        re.compile(
            r"(?i)(\b(?:login|user|username|machine|account)\s{1,4}\S{1,64}\s{1,8}password\s{1,4})(?!\[MASKED|[0-9]\s)\S{1,256}"
        ),
    ),
    Phrase(
        ("requirepass", "masterauth"),
        re.compile(
            r"(?i)((?<![\w-])(?:requirepass|masterauth)\\{0,15}[\"']?\s{1,4}\\{0,15}[\"']?)"
            r"(?!\[MASKED)[^\s\"'\\]{1,256}"
        ),
    ),
    Phrase(
        ("env ", "setx ", "setenv "),
        re.compile(
            r"(?i)(\b(?:ENV|setx|setenv)\s{1,4}[\w.-]{0,40}(?:passw(?:or)?d|pass|pwd|secret|token|(?:api|access|"
            r"private)_?key)[\w.-]{0,16}\s{1,4}"
            r"[\"']?)(?![=\s]|\[MASKED)[^\s\"']{1,256}"
        ),
    ),
    Phrase(
        ("true", "false"),
        re.compile(
            rf"(\S{{1,255}}{_TAB}(?:TRUE|FALSE){_TAB}[^\s\\]{{1,255}}{_TAB}(?:TRUE|"
            rf"FALSE){_TAB}[0-9]{{1,12}}{_TAB}[^\s\\]{{1,255}}{_TAB})"
            r"(?!\[MASKED)[^\s\\\"']{1,4096}"
        ),
    ),
    Phrase(
        ("reg_",),
        re.compile(
            r"(?i)((?:passw(?:or)?d|secret|token|api_?key)\w{0,32}\\{0,15}[\"']?\s{1,16}(?:/t\s)?REG_(?:MULTI_|"
            r"EXPAND_)?(?:SZ|BINARY|DWORD)\s{1,16}(?:/d\s|(?!/d\s)))"
            r"(?!\[MASKED)[^\s\"']{1,256}"
        ),
    ),
    Phrase(
        ("duplicate entry",),
        re.compile(
            r"(Duplicate entry ')(?!\[MASKED)[^'\n]{1,256}(?=' for key '[\w.]{0,64}?(?:password|secret|token|api_?key))"
        ),
    ),
    # What changes: "[MASKED]" -> "the new one".
    Phrase(
        ("->", "=>", *"→⇒➜", *_ESCAPED_ARROWS),
        re.compile(
            rf"(\[MASKED\](\\{{0,15}}[\"'`])\s{{0,2}}{ARROW}\s{{0,2}}[bu]?\2)(?!\[MASKED)(?:(?!\2)[^\n]){{1,1024}}"
        ),
    ),
    Phrase(
        ("->", "=>", *"→⇒➜", *_ESCAPED_ARROWS),
        re.compile(rf"((?<=: )\[MASKED\]\s{{0,2}}{ARROW}\s{{0,2}}){LOOKS_SECRET}"),
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
    *COMMANDS,
    *TOOLS,
    *CALLS,
    *PROSE,
)


_PLACES: dict[str, list[int]] = {}
"""Where the phrases stand that have a sign: many share theirs, and each is looked for once."""
for _place, _phrase in enumerate(PHRASES):
    for _sign in _phrase.signs:
        _PLACES.setdefault(_sign, []).append(_place)


def mask_phrases(text: str) -> str:
    lower = text.lower()
    for place in sorted({place for sign, places in _PLACES.items() if sign in lower for place in places}):
        phrase = PHRASES[place]
        text = phrase.pattern.sub(phrase.replacement, text)
    return text
