"""Secrets in what people and programs write in sentences: `login failed for joe with password …`.

The word that stands for a secret must look like one where nothing else says that it is: by quotes, a colon, a verdict.
"""

import re

from signalfire.masking.marks import HIDDEN
from signalfire.masking.phrase import Phrase
from signalfire.masking.words import LOOKS_SECRET

ARROW = r"(?:[-=]{1,2}>|[→⇒➜]|\\{1,15}u21[9d]2|\\{1,15}xe2\\{1,15}x8[67]\\{1,15}x92)"
_PASSES = r"(?i:pass(?:word|wd|phrase|code)s?|pwd?)"
_KEY = (
    r"(?i:(?:(?:api|access|auth|bearer|refresh|session|csrf|xsrf|bot|security|personal|deploy|license|secret|"
    r"service|client|"
    r"id|reset|invite|signing|private)[ _-]){1,2}key|token|secret|credentials?|bearer|otp|pin|passcode|jwt)"
)
_NOT_A_PARSERS = (
    r"(?<!unexpected )(?<!Unexpected )(?<!illegal )(?<!input )(?<!output )(?<!next )(?<!stop )(?<!special )"
)
_VERDICT = (
    r"(?=[\"']?\s(?:is\s(?:not|no|in|un|expired|revoked|wrong|bad|already|blocked|disabled|missing)|was\s|has\s|"
    r"have\s|expired|not\s(?:valid|accepted|authori|allowed|known)|"
    r"invalid|rejected|revoked|refused|denied|unknown|failed|does\s|did\s|cannot|could\s|no\slonger|leaked|"
    r"accepted|for\suser))"
)
_QUOTED = r"(?P<quote>\\{0,15}[\"'`])(?!\[MASKED)(?:(?!(?P=quote))[^\n]){1,256}"
_WORD_AFTER_QUOTE = rf"\\{{0,15}}[\"'`]?{LOOKS_SECRET}"

PROSE = (
    # with password hunter2; new password hunter2
    Phrase(("pass", "pw"), re.compile(rf"((?<![\w/.-]){_PASSES}\s{{1,2}}\\{{0,15}}[\"'(]?){LOOKS_SECRET}")),
    # user joe pass hunter2
    Phrase(
        ("pass ",),
        re.compile(
            rf"(?i:(\b(?:user(?:name)?|login)[ :=]{{1,3}}[^\s,;/]{{1,64}}[ ,;/]{{1,3}}(?:and )?pass ))"
            rf"(?!\[MASKED){LOOKS_SECRET}"
        ),
    ),
    # password for joe: hunter2
    Phrase(
        ("pass", "pw", "token", "key", "secret", "cred", "otp", "code", "pin "),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY}|(?i:code))\s(?:for|of)"
            rf"\s(?:[^\s:=\"']{{1,64}}\s){{0,3}}[^\s:=]{{1,64}}\s?[:=]\s{{0,2}}\\{{0,15}}[\"']?){LOOKS_SECRET}"
        ),
    ),
    # password changed to hunter2; password entered: hunter2
    Phrase(
        ("pass", "pw", "token", "key", "secret", "cred"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY})\s(?:(?:is|was|has been|have been|are|were|will be)"
            rf"\s)?(?:now\s|not\s)?(?:entered|given|provided|supplied|generated|used|tried|received|sent|got"
            rf"|(?:set|changed|reset|rotated|updated)\sto)\s?[:=]?\s?\\{{0,15}}[\"'(]?){LOOKS_SECRET}"
        ),
    ),
    Phrase(
        ("pass", "pw", "token", "key", "secret"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY})\s(?:(?:was|is|has been)\s)?(?:changed|rotated|updated|reset)"
            rf"\sfrom\s\\{{0,15}}[\"']?){LOOKS_SECRET}(\\{{0,15}}[\"']?\sto\s\\{{0,15}}[\"']?){LOOKS_SECRET}"
        ),
        rf"\1{HIDDEN}\2{HIDDEN}",
    ),
    # password changed: hunter1 → hunter2
    Phrase(
        ("->", "=>", *"→⇒➜", "\\u21", "\\xe2"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY})\s(?:changed|rotated|updated|reset|set)\s?[:=]\s?)(?!\[MASKED){LOOKS_SECRET}"
            rf"(\s?{ARROW}\s?){LOOKS_SECRET}"
        ),
        rf"\1{HIDDEN}\2{HIDDEN}",
    ),
    Phrase(
        ("pass", "pw", "token", "key", "secret"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY})\s(?:changed|rotated|updated|reset|set)\s?[:=]\s?\\{{0,15}}[\"']?){LOOKS_SECRET}"
        ),
    ),
    # token hunter2 expired; API key 'hunter2' is not valid
    Phrase(
        ("token", "key", "secret", "cred", "bearer", "otp", "jwt", "pin "),
        re.compile(rf"((?<![\w/.-]){_NOT_A_PARSERS}{_KEY}\s{{1,2}}\\{{0,15}}[\"'`(]?){LOOKS_SECRET}\)?{_VERDICT}"),
    ),
    # invalid token hunter2; unknown API key: hunter2
    Phrase(
        ("token", "key", "secret", "bearer", "cred", "jwt"),
        re.compile(
            rf"((?i:\b(?:invalid|expired|revoked|rejected|wrong|bad|unknown|leaked|incorrect|issued|created|"
            rf"generated|using|with|new|old))\s"
            rf"{_NOT_A_PARSERS}(?i:(?:api|access|auth|bearer|refresh|session|csrf|bot|personal access|secret|the|"
            rf"an?)[ _-]){{1,2}}(?i:token|key|secret)s?\s{{1,2}}\\{{0,15}}[\"'`(]?){LOOKS_SECRET}"
        ),
    ),
    # credentials joe:hunter2
    Phrase(
        ("cred", "login", "log in", "logged in", "authenticat"),
        re.compile(
            rf"(?i:(\b(?:credentials?|creds|login|logged in|log in|authenticat(?:ed|ing)|"
            rf"user(?:name)?[:/]pass(?:word)?|user)(?:\s(?:with|as|using|are|were|is|was|for)"
            rf")?[\s:=]{{1,3}}\\{{0,15}}[\"'(]?"
            rf"[A-Za-z][\w.@+-]{{0,64}}[:/]))(?!//)(?!\[MASKED){LOOKS_SECRET}"
        ),
    ),
    # the password of joe is hunter2
    Phrase(
        ("pass", "pw", "token", "key", "secret"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY})\s(?:for|of)\s(?:[^\s:=\"']{{1,64}}\s){{1,3}}(?:is|was):?\s\\{{0,15}}[\"']?){LOOKS_SECRET}"
        ),
    ),
    # password [hunter2] rejected; Unseal Key 1: hunter2; a password is generated for joe: hunter2
    Phrase(
        ("pass", "pw", "token", "key", "secret"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY}|(?i:unseal|recovery|root|license|activation)\s(?i:key))(?:\s[\[<{{(]|\s[0-9]{{1,2}}:\s|"
            rf"\s(?:(?:is|was)\s)?(?i:created|generated|issued|set|is|for)(?:\s(?:for|by)\s[^\s:]{{1,64}})?:\s)){LOOKS_SECRET}"
        ),
    ),
    # created token hunter2 for joe
    Phrase(
        ("token", "key", "secret"),
        re.compile(
            rf"((?i:created|issued|generated|revoked|deleted)\s{_KEY}\s\\{{0,15}}[\"']?){LOOKS_SECRET}(?=[\"']?(?:\s(?:for|to|of|by)\s|\Z))"
        ),
    ),
    # The password, alone on the next line.
    Phrase(
        ("pass", "pw", "token", "key", "secret"),
        re.compile(
            rf"((?<![\w/.-])(?:{_PASSES}|{_KEY})\b[^\n:\\]{{0,80}}:\s{{0,4}}?(?:\n|\\{{1,15}}n){{1,2}}[ \t]{{0,16}})"
            rf"{LOOKS_SECRET}(?=\s{{0,4}}?(?:\n|\\|\Z|[\"']))"
        ),
    ),
    # use code 1234 to log in
    Phrase(
        ("code ",),
        re.compile(
            rf"(?i:(\bcode\s(?:is\s)?))(?:[0-9]{{4,8}}|{LOOKS_SECRET})(?=\sto\s(?i:log|sign|verify|confirm|reset|continue))"
        ),
    ),
    # login attempt [joe/hunter2]; user:pass joe:hunter2
    Phrase(
        ("login", "log in", "user", "stats auth"),
        re.compile(
            rf"(?i:(\b(?:login(?:\sattempt)?|user(?:name)?[:/]pass(?:word)?|login[:/]pass(?:word)?|stats auth)"
            rf"[\s:=]{{1,3}}[\[(<{{]?[bu]?\\{{0,15}}[\"']?"
            rf"[A-Za-z][\w.@+-]{{0,64}}\\{{0,15}}[\"']?\s?[:/]\s?[bu]?\\{{0,15}}[\"']?))(?!//){LOOKS_SECRET}"
        ),
    ),
    Phrase(("pass ",), re.compile(rf"((?<=[\"'])PASS ){LOOKS_SECRET}(?=\\{{0,15}}[\"'])")),
    # 'hunter2' is not a valid password
    Phrase(
        ("pass", "pw", "token", "key", "secret", "pin"),
        re.compile(
            rf"((?:\A|[\s:(])[bBuU]?\\{{0,15}}[\"'`]{{0,2}}){LOOKS_SECRET}(?=\\{{0,15}}[\"'`]?\s(?:is|was)"
            rf"\s(?:not\s)?(?:an?|the|your|his|her|their)\s(?:[a-z]{{1,12}}\s){{0,2}}(?:{_PASSES}|{_KEY})\b)"
        ),
    ),
)
