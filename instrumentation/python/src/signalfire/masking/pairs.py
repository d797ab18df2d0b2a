"""Secrets in texts that are known by the name beside them: `name=value`, and every other way to write that."""

import re
from collections.abc import Callable

from signalfire.masking.arguments import NEXT_ARGUMENT
from signalfire.masking.connections import value_in_connection
from signalfire.masking.echoes import mask_echoes
from signalfire.masking.errors import spans_of_errors
from signalfire.masking.marks import HIDDEN, MARK, any_in
from signalfire.masking.names import is_count, is_directory, tells_secret
from signalfire.masking.printed import unprinted
from signalfire.masking.statements import spans_of_statements
from signalfire.masking.tables import spans_of_tables
from signalfire.masking.values import BLOCK, Span, quoted_at, until, value_at
from signalfire.masking.words import LOOKS_SECRET

# Codes and PINs that let somebody in: not those of a status, a country, a microcontroller.
_CODE = (
    r"(?:mfa|2fa|sms|totp|auth|(?:ca|va|iza)tion|urity|covery|access|backup|reset|login|pin|device|unlock|pairing)"
    r"[_.\- ]?codes?(?![a-z])|"
    r"(?:card|user|atm|debit|account|sim|customer|bank)[_.\- ]?pin(?![a-z])|pin[_.\- ]number"
)
_STEMS = (
    rf"(?:pass(?:[wpc]|(?![a-z]))|pw(?:d|(?![a-z]))|secret(?!ar)|tokens?(?![a-z])|keys?(?![a-z])|uthori[sz]ation|cookie|"
    rf"cred(?:ential|s?(?![a-z]))|sess(?:ion)?[_.\- ]?id|srf|jwt|otp(?![a-z])|{_CODE}|cv[vc](?![a-z])|"
    rf"ssn(?![a-z])|sid(?![a-z])|"
    r"asterauth|keypass|storepass|psk(?![a-z]))"
)
STEMS = re.compile(_STEMS)
"""What every telling name has in it, in lower case."""
# With what follows where a value does, but for options, tags, and values that say that they are one.
_STEMS_BEFORE_VALUES = re.compile(
    rf"""{_STEMS}(?= [\w$.-]{{0,48}}
    (?: [^\w\s$.,;!?-] | ,\s{{0,4}}[\"'`\\bu\[(]
      | \s{{1,4}}(?:[:=<>\"'`~|?+&\\(-]|[^\x00-\x7f]|[^\s0-9]{{0,24}}[0-9]
                     |n'|(?:is|was|for|as)[\s:=]|[*]?(?:str|byte|nsstr))
      | [ ]{{3,64}}[^\s0-9]{{0,24}}[0-9] | [ ]?\.{{3}} ))""",
    re.VERBOSE,
)

_NAME_CHARACTERS = frozenset("_.-$")
_LONGEST_BEFORE = 64
_REST = re.compile(r"(?a)[\w$.-]{0,48}")
_ARROW = r"[→⇒⟶⟹➜➔➝➙➡↦⇢←：＝≔]\ufe0f?"
_QUOTES = r"""(?:\\{0,15}["'`]|&quot;|&\#3[49];|%2[27])"""
_SEPARATED = re.compile(
    rf"""(?aix) (?:{_QUOTES}|\\{{0,15}}["'\])]|\[[0-9]{{0,3}}\]|%5d(?:%5b%5d)?){{0,4}} [ \t]{{0,4}}
    (?: ={{1,3}}>|-{{1,3}}>|~>|<<?-{{1,2}}(?=[\s"'])|(?:\|\||&&|\?\?|[?+|])=|:=|=~|==|=|::|:[0-9]{{1,2}}\s{{0,2}}:?=
    |:(?!//)|{_ARROW}|%3[ad]|%3d|&\#61;|&equals;|\\{{1,15}}u003[ad] ) [ \t]{{0,40}}"""
)
# Steps one after the other: `token → session → account`.
_FLOW = re.compile(rf"\s{{0,4}}{_ARROW}\s{{0,4}}[A-Za-z]{{1,24}}(?:\s{{1,4}}{_ARROW}|\Z|[\n.)])")
# Between a name and what can be nothing but its value: `password - hunter2`.
_DASHED = re.compile(
    rf"""(?x)["'`\])]? \s{{1,4}} (?:[-–—|│•·»›]|>{{1,2}}) \s{{1,4}} (?=\\{{0,15}}["'`]?{LOOKS_SECRET})"""
)

_IS = re.compile(
    r"(?ai)\s{1,4}(?:is|was)(?:\s{0,2}[:=])?\s{1,4}(?!(?:a|an|the|not|no|too|now|still|already|only|also|being|"
    r"required|needed|"
    r"mandatory|optional|missing|empty|invalid|valid|wrong|incorrect|correct|expired|rejected|unknown|weak|"
    r"strong|set|in|on|"
    r"ok|okay|fine|sent|stored|used|changed|reset|hidden|masked|less|more|greater|at|to|by|for|from|of|generated|"
    r"refreshed|"
    r"revoked|accepted|denied|malformed|blank|null|none|short|long|old|new|found|checked|updated|deleted|saved|read|"
    r"hashed|encrypted|protected|salted|visible|shown|printed|logged|redacted|verified|compromised|leaked|safe|"
    r"secure|here|there|"
    r"what|where|when|how|it|this|that|your|my|our|their|its|one|just|never|always|all|any|same|different|"
    r"identical|equal|"
    r"unchanged|up|out|about|and|or|with|without|under|like|case|ready|active|inactive|enabled|disabled|"
    r"available|unavailable|"
    r"temporary|permanent|unique|acceptable|allowed|forbidden|ignored|skipped|provided|given|specified|passed|"
    r"supplied|entered|"
    r"typed|returned|issued|signed|created|loaded|parsed|written|kept|lost|renewed|rotated|cached|shared|passing|"
    r"taken)\b)"
)
# `--password value`, also as a list of arguments, whose quotes may be escaped.
_OPTIONS = (" -", "'-", '"-', "\t-", "\n-", "[-", ",-", "(-", "{-", "`-")
_FLAG_VALUE = re.compile(rf"""{NEXT_ARGUMENT}(?![-\\"'\[\s]|(?:env|file|fd):)""")
_FLAG = re.compile(r"""(?:[^\s"'\\]|\\(?!\\{0,15}["']))+""")
_ARGUMENT_QUOTE = re.compile(r"""\\{0,15}["']\Z""")
_NAME_OF_PROGRAMS = re.compile(r"[A-Za-z0-9][_.-][A-Za-z]|[a-z][A-Z]|[a-z]{2}p(?:ass|w)\Z")
_BARE_WORD = re.compile(
    rf"""[ \t]{{1,4}}(?P<quote>\\{{0,15}}["'`])?
    (?!(?i:u?int|float|n?(?:var)?char|bytes|bit|datetime|complex|[iu]|utf|v)[0-9]{{1,3}}\b)
    (?P<word>{LOOKS_SECRET})(?![(=])(?(quote)(?P=quote))""",
    re.VERBOSE,
)
# `password ........ hunter2`, `token          hunter2`
_WORD_IN_COLUMN = re.compile(
    rf"(?:[ ]{{3,64}}|\t{{1,8}}|[ ]?\.{{3,64}}:?[ ]{{0,8}})(?P<word>{LOOKS_SECRET})[ \t]{{0,64}}(?=[\n\"'\\]|\Z)"
)
_QUOTED_SCHEME = re.compile(r"""\s{1,4}(?=\\{0,15}["'](?:[A-Za-z-]{2,24}\s)?[^\s"'\\]{1,2048}\\{0,15}["'])""")
_TYPE_AND_VALUE = re.compile(
    r"""[ \t]{1,4}(?:\*?(?:string|String|str|bytes|NSString\s?\*?)|\[\]byte|\[[0-9]{0,4}\])
    (?:\s{1,4}`[^`\n]{0,128}`)?\s{0,4}:?=\s{0,4}(?=["'`@])""",
    re.VERBOSE,
)
_TYPE = re.compile(
    r"""(?:&(?:'\w{1,16}\s)?)?(?:str|string|String|bytes|int|number|boolean|bool|any|object|void|unknown|&str|Text|VARCHAR)
    (?:\s?\|\s?(?:None|null|undefined))?\s{0,2}(?=[,);|\]}]|\Z|\n|->)""",
    re.VERBOSE,
)
_CALL_BEFORE = re.compile(
    rf"""(?i)(?:\.|->)(?:set|put|add|append|set_?item|set_?property|set_?header|setdefault|header)
    \([^()\n]{{1,64}},\s{{0,4}}{_QUOTES}\Z""",
    re.VERBOSE,
)
_BESIDE = re.compile(rf"{_QUOTES}>{{0,2}}\s{{0,4}},\s{{0,4}}")
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,40}")
_BESIDE_BEFORE = re.compile(rf"""[(\[{{]\s{{0,4}}(?:[bur]{{1,2}}|<<)?{_QUOTES}\Z""", re.IGNORECASE)
_FLAT_BEFORE = re.compile(rf"""[,]\s{{0,4}}(?:[bur]{{1,2}}|<<)?{_QUOTES}\Z""", re.IGNORECASE)
_HEADER = re.compile(r"(?i)(?:set-|x-)?cookie|(?:proxy-)?authorization|x-[\w-]{1,60}|[\w]{1,30}-[\w-]{1,60}")
_NAMED_BEFORE = re.compile(
    rf"""(?:(?<![A-Za-z])(?:name|key|k|field|header|param|parameter|variable|property|attribute|label|id|option)
    {_QUOTES}?\s{{0,4}}(?:=>|[:=])\s{{0,4}}(?:[bu](?=["']))?{_QUOTES}?
    |(?<![A-Za-z])(?:loc|path|(?:instance|data)_?path|property_?name|field_?name|attr|column)
    {_QUOTES}?\s{{0,4}}[:=]\s{{0,4}}[\[(]?(?:{_QUOTES}?[\w./$-]{{0,32}}{_QUOTES}?,\s{{0,4}}){{0,6}}{_QUOTES}?[/$.]{{0,2}})\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_NAMED_VALUE = re.compile(
    rf"""{_QUOTES}?,?[)\]]?\s{{0,8}}[,;]?(?:[^<>{{}}\n]{{0,400}}?[\s,])??\s{{0,24}}{_QUOTES}?
    (?:value|val|v|content|data|default|string_?value|raw_?value|input(?:_?value)?|(?:rejected|attempted|invalid)_?value|received|
       actual|given|(?:old|new)_?value|before|after)(?![A-Za-z])
    {_QUOTES}?\s{{0,4}}(?:=>|[:=])\s{{0,4}}""",
    re.IGNORECASE | re.VERBOSE,
)
_VALUE_BEFORE = re.compile(
    rf"""[{{(,\s<]{_QUOTES}?(?:value|val|content|data|input(?:_?value)?|(?:rejected|attempted|invalid)_?value)
    {_QUOTES}?\s{{0,4}}(?:=>|[:=])\s{{0,4}}(?=[bu]?{_QUOTES})""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_OBJECT = 400
_FORM_DATA = re.compile(
    r'\\{0,15}"(?:\s{0,8}|(?:\\[rn]){0,8})(?:;[^\n\\]{0,200})?(?:(?:\r?\n|\\{1,15}r\\{1,15}n|\\{1,15}n){2})'
)
_FORM_VALUE = re.compile(r"(?:(?!\\r|\\n)[^\r\n])+")
_TAG_BEFORE = re.compile(r"<(?:[\w-]{1,32}:)?\Z")
_TAG_END = re.compile(r"[^<>]{0,256}>\s{0,16}(?:<!\[CDATA\[)?")
_ATTRIBUTE_TAG = re.compile(r"""\\{0,15}["'][^<>]{0,200}>\s{0,16}(?:<value>\s{0,16})?(?:<!\[CDATA\[)?""")
_KEY_TAG = re.compile(
    r"</(?:key|name|string|member|param-name)>\s{0,16}<[a-z:-]{1,20}>(?:<[a-z]{1,10}>)?", re.IGNORECASE
)
_TAG_TEXT = re.compile(r"[^<]+")
_QUOTED_SQL = re.compile(
    r"(?:\s{1,4}(?:for\s{1,4}(?:'[^'\n]{0,64}'(?:@'[^'\n]{0,64}')?|[^\s'\"]{1,64})\s{0,4}(?:=\s{0,4})?|"
    r"as\s{1,4})?|\s{0,4}\(\s{0,4})(?:N(?='))?(?=\\{0,15}[\"']|[“„«])",
    re.IGNORECASE,
)
_PASSWORDS = re.compile(r"(?i)(?:[\w$.-]{0,40}[_.-])?(?:pass|password|passwd|passphrase|pwd?|psk|secret)")
# Of names that are two words: `api key`, but also `unexpected token`, which is none.
_SECOND_WORDS = ("key", "token", "word", "phrase", "code", "id", "number")
_OWNER_BEFORE = re.compile(r"([A-Za-z]{2,20})[ ]{1,2}\Z")
# Kubernetes' own words of its objects: `secret "db-creds" not found`.
_OBJECT_AFTER = re.compile(
    r"""\\{0,15}["'] (?:not found|created|deleted|configured|unchanged|already exists|is forbidden|patched|"""
    r"""serverside-applied)"""
)
# Where a driver puts a value, and what a test's report says of a test.
_PLACEHOLDER = re.compile(r"(?:\?|%s|%\(\w{1,64}\)s|\$[0-9]{1,4}|:[A-Za-z]\w{0,63}|@\w{1,64})(?=[\s,;)]|\Z)")
_REPORT = re.compile(r"[A-Z]|(?i:test)|[^\s]{0,128}?(?:[/.:_]|test)")
_ARN_BEFORE = re.compile(r"arn:[\w-]{3,12}:secretsmanager:[\w-]{0,32}:[0-9]{0,12}:\Z")
_COUNT = re.compile(r"[-+~≤<>≈ ]{0,3}[0-9][0-9.,_]{0,20}(?:\s?[A-Za-zµ%/]{1,12})?(?![\w-])")
_SPECIAL_TOKEN = re.compile(r"""["']?(?:<[^<>\n]{0,40}>|\[[A-Z]{2,10}\])["']?(?=[\s,;.)}\]]|\Z)""")

# --- headers: their values have spaces, commas and quotes of their own ---

_COOKIE = re.compile(r"(?i)cookies?2?\Z")
_COOKIES = re.compile(
    r"""(?xi)
    (?P<item>
        (?!\[MASKED) [^\s;,"'\\=<>\[\](){}]{1,256}
        (?: =
            (?: (?P<quote>\\{0,15}["'])(?:(?!(?P=quote))[^\n]){0,4096}(?P=quote)
              | [A-Z][a-z]{2},[ ][\w -]{9,12}[ ][0-9:]{8}[ ][A-Z]{3}
              | [^\s;"'\\]{0,4096}(?:[ ][^\s;"'\\=:]{1,64}){0,8}(?=;)
              | (?:\[MASKED(?::[a-z]{3,5})?\]|[^\s;"'\\\]})>])*
            )
        )?
    )
    (?: [;,]\s{0,4} (?!\[MASKED\]) [^\s;,"'\\=<>\[\](){}]{1,256}
        (?: =
            (?: (?P<quote2>\\{0,15}["'])(?:(?!(?P=quote2))[^\n]){0,4096}(?P=quote2)
              | [A-Z][a-z]{2},[ ][\w -]{9,12}[ ][0-9:]{8}[ ][A-Z]{3}
              | [^\s;"'\\]{0,4096}(?:[ ][^\s;"'\\=:]{1,64}){0,8}(?=;)
              | (?:\[MASKED(?::[a-z]{3,5})?\]|[^\s;"'\\\]})>])*
            )
        )?
    )*"""
)
_AUTHORIZATION = re.compile(r"(?i)authori[sz]ation\Z")
_ONE_WORD_SCHEME = re.compile(
    r"""(?i)(?:bearer|basic|token|apikey)\s{1,4}(?=[^\s="']{1,2048}={0,4}(?:[\s,;\])}]|["'](?:[\s,;\])}]|\Z)|"""
    r"""\\[rn]|\Z))"""
)
_ENCLOSING = re.compile(r"""\\{0,15}["']\Z""")
_LINE = re.compile(r"(?:(?!\\[rn])[^\r\n])+")

# Up to the quotes around a header; those of its own parameters stand behind a =.
_IN_QUOTES = {
    quote: re.compile(rf"(?:[^{quote}\r\n\\]|\\.|(?<==){quote}[^{quote}\n]{{0,2048}}{quote})*+") for quote in ('"', "'")
}

Tells = Callable[[str], bool]
Form = Callable[[str, str, str, int, int], Span | None]
_LOOKED_BACK = 96


def may_have_pair(lower: str) -> bool:
    """Whether a text, in lower case, has a name that may tell of a secret where a value may follow."""
    return _stems(lower).search(lower) is not None


def mask_pairs(text: str) -> str:
    """The text without the values that a telling name stands beside."""
    secrets: list[str] = []
    printed = unprinted(text)
    if printed is not None:
        # What was printed once more, as by repr() or in JSON, or with colours, is looked at as it was before.
        spans = _all_spans(printed.plain)
        secrets += [printed.plain[start:end] for start, end in spans]
        text = _without(text, [printed.span(*span) for span in spans])
    spans = _all_spans(text)
    secrets += [text[start:end] for start, end in spans]
    return mask_echoes(_without(text, spans), secrets)


def mask_named(text: str, stems: re.Pattern[str], tells: Tells) -> str:
    """The same, of names that have a stem and that `tells` accepts."""
    return _without(text, _merged(_spans(text, stems, tells)))


def _all_spans(text: str) -> list[Span]:
    lower = text.lower()
    spans = _spans(text, _stems(lower), tells_secret)
    return _merged([*spans, *spans_of_statements(text, lower), *spans_of_tables(text), *spans_of_errors(text, lower)])


def _merged(spans: list[Span]) -> list[Span]:
    """Spans in their order, those that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    pieces, place = [], 0
    for start, end in spans:
        pieces += [text[place:start], HIDDEN]
        place = end
    return "".join((*pieces, text[place:]))


def _stems(lower: str) -> re.Pattern[str]:
    loose = "<" in lower or "val" in lower or lower[:1] == "-" or ("-" in lower and any_in(_OPTIONS, lower))
    return STEMS if loose else _STEMS_BEFORE_VALUES


def _spans(text: str, stems: re.Pattern[str], tells: Tells) -> list[Span]:
    """Where the values stand. Each name is looked at once, and nothing of a value again."""
    spans: list[Span] = []
    written = place = 0
    lower = text.lower()
    searched = lower if len(lower) == len(text) else text
    while (stem := stems.search(searched, place)) is not None:
        start = _start_of_name(text, stem.start(), place)
        place = _end_of_name(text, stem.end())
        name = text[start:place]
        if not _telling(text, name, start, tells):
            continue
        span = _span(text, name, start, place)
        if span is not None and span[1] <= start:
            spans.append(span)
        elif span is not None and span[0] >= written:
            spans.append(span)
            written = place = span[1]
    return spans


def _start_of_name(text: str, start: int, least: int) -> int:
    least = max(least, start - _LONGEST_BEFORE)
    first = start
    while (
        start > least
        and text[start - 1].isascii()
        and (text[start - 1].isalnum() or text[start - 1] in _NAME_CHARACTERS)
    ):
        start -= 1
    # The letter of an escape, as in a\npassword, is none of the name's.
    return start + 1 if start < first and start and text[start - 1] == "\\" and text[start] in "nrtbf0v" else start


def _end_of_name(text: str, end: int) -> int:
    rest = _REST.match(text, end)
    end = rest.end() if rest else end
    while text[end - 1] in ".-":
        end -= 1
    return end


def _telling(text: str, name: str, start: int, tells: Tells) -> bool:
    lower = name.lower()
    if not lower.startswith(_SECOND_WORDS):
        return tells(name)
    owner = _OWNER_BEFORE.search(text[max(0, start - 24) : start])
    if owner is None or lower.startswith("token"):
        return tells(name) and (owner is None or tells(f"{owner[1]} {name}"))
    return tells(name) or tells(f"{owner[1]} {name}")


def _span(text: str, name: str, start: int, end: int) -> Span | None:
    """Where the value of a telling name stands, in the first of the ways to write it that fits."""
    before = text[max(0, start - _LOOKED_BACK) : start]
    separated = _SEPARATED.match(text, end)
    if separated is not None:
        return _separated_value(text, name, before, start, separated)
    if text[end : end + 1].isspace() and not (before and (before[-1] in "\"'`<" or ":" in before or "=" in before)):
        forms: tuple[Form, ...] = (_said, _argument, _statement, _after_dash, _typed, _bare_word)
    else:
        forms = (_said, _argument, _beside, _named, _element, _statement, _after_dash, _typed, _bare_word)
    for form in forms:
        span = form(text, name, before, start, end)
        if span is not None:
            return span
    return None


def _separated_value(text: str, name: str, before: str, start: int, separated: re.Match[str]) -> Span | None:
    place = separated.end()
    if _is_no_value(text, name, before, separated):
        return None
    header = None
    if BLOCK.match(text, place):
        return value_at(text, place, start)
    if "=" in separated[0]:
        connected = value_in_connection(text, start, place)
        if connected is not None:
            return connected
    if _AUTHORIZATION.search(name):
        header = _credentials(text, before, separated)
    elif _COOKIE.search(name):
        header = _cookies(text, place)
    return header or value_at(text, place, start)


def _is_no_value(text: str, name: str, before: str, separated: re.Match[str]) -> bool:
    """Whether what follows is a count, a placeholder, a test's name, a part of an ARN or the next step."""
    place = separated.end()
    if name == "secret" and _ARN_BEFORE.search(before):
        return True
    if is_count(name) and (_COUNT.match(text, place) or _SPECIAL_TOKEN.match(text, place)):
        return True
    if name == "PASS" and ":" in separated[0] and _REPORT.match(text, place):
        return True
    if ":" in separated[0] and _TYPE.match(text, place):
        return True
    if name.lower() in {"pwd", "oldpwd"} and before[-1:] != ";" and is_directory(name, text[place : place + 80]):
        return True
    is_placeholder = "=" in separated[0] and _PLACEHOLDER.match(text, place) is not None
    return is_placeholder or _FLOW.match(text, separated.start()) is not None


def _cookies(text: str, place: int) -> Span | None:
    found = _COOKIES.match(text, place)
    return None if found is None or found.end() == place else (place, found.end())


def _credentials(text: str, before: str, separated: re.Match[str]) -> Span | None:
    """What stands behind `Authorization:` up to the end of the header: schemes are many, and may have parameters."""
    place = separated.end()
    if text[place : place + 1] in {"", "\n", "\r", '"', "'", "\\", "[", "(", "{", "<"} or "=" in separated[0]:
        return None
    scheme = _ONE_WORD_SCHEME.match(text, place)
    if scheme is not None or MARK.match(text, place):
        return None
    if re.match(r"[bBuU]['\"]|None\b|null\b", text[place : place + 5]):
        return None
    line = _LINE.match(text, place)
    end = place if line is None else line.end()
    enclosing = _ENCLOSING.search(before)
    if enclosing is not None:
        inside = _IN_QUOTES.get(enclosing[0])
        close = until(text, place, enclosing[0])[1] if inside is None else _end_of(inside, text, place)
        end = min(end, close)
    return (place, end) if end > place else None


def _end_of(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return place if found is None else found.end()


def _said(text: str, name: str, _before: str, start: int, end: int) -> Span | None:
    said = _IS.match(text, end)
    if said is None or (is_count(name) and _SPECIAL_TOKEN.match(text, said.end())):
        return None
    return value_at(text, said.end(), start)


def _argument(text: str, name: str, _before: str, _start: int, end: int) -> Span | None:
    if not name.startswith("-"):
        return None
    gap = _FLAG_VALUE.match(text, end)
    if gap is None or MARK.match(text, gap.end()):
        return None
    if text[gap.end() : gap.end() + 1] == "(":
        return value_at(text, gap.end(), gap.end())
    quote = _ARGUMENT_QUOTE.search(text, gap.start(), gap.end())
    if quote is not None:
        return quoted_at(text, quote.start())
    value = _FLAG.match(text, gap.end())
    return None if value is None else value.span()


def _after_dash(text: str, _name: str, _before: str, start: int, end: int) -> Span | None:
    dash = _DASHED.match(text, end)
    return None if dash is None else value_at(text, dash.end(), start)


def _bare_word(text: str, name: str, _before: str, _start: int, end: int) -> Span | None:
    """`auth_token hunter2`: behind a name as programs have them, and people do not, a space is enough."""
    if _AUTHORIZATION.search(name) is not None:
        scheme = _QUOTED_SCHEME.match(text, end)
        return None if scheme is None else quoted_at(text, scheme.end())
    pattern = _BARE_WORD if _NAME_OF_PROGRAMS.search(name) is not None else _WORD_IN_COLUMN
    word = pattern.match(text, end)
    return None if word is None else word.span("word")


def _typed(text: str, _name: str, _before: str, start: int, end: int) -> Span | None:
    """`var Token string = "…"`: the type stands between."""
    assigned = _TYPE_AND_VALUE.match(text, end)
    return None if assigned is None else value_at(text, assigned.end(), start)


def _beside(text: str, name: str, before: str, _start: int, end: int) -> Span | None:
    """`("name", "value")`, as lists of headers are printed."""
    gap = _BESIDE.match(text, end)
    if gap is None:
        return None
    first = _BESIDE_BEFORE.search(before) or _CALL_BEFORE.search(before)
    if first is None and not (_HEADER.fullmatch(name) and _FLAT_BEFORE.search(before)):
        return None
    if text[gap.end() : gap.end() + 1] in {"[", "("}:
        return value_at(text, gap.end(), gap.end())
    value = quoted_at(text, gap.end())
    return None if value is not None and _OPTION.fullmatch(text, *value) else value


def _named(text: str, _name: str, before: str, start: int, end: int) -> Span | None:
    """`name="password" value="…"`, as objects, tags and forms print it."""
    if _NAMED_BEFORE.search(before) is None:
        return None
    value = _NAMED_VALUE.match(text, end)
    if value is not None:
        return value_at(text, value.end(), start)
    part = _FORM_DATA.match(text, end)
    found = None if part is None else _FORM_VALUE.match(text, part.end())
    if found is None:
        tag = _ATTRIBUTE_TAG.match(text, end)
        found = None if tag is None else _TAG_TEXT.match(text, tag.end())
    if found is None:
        return _value_before(text, start)
    return None if MARK.fullmatch(found[0].strip()) else found.span()


def _value_before(text: str, start: int) -> Span | None:
    """`{"value": "…", "name": "password"}`: keys may be sorted."""
    least = max(0, start - _LONGEST_OBJECT)
    least = max(least, text.rfind("{", least, start), text.rfind("<", least, start), text.rfind("\n", least, start))
    values = list(_VALUE_BEFORE.finditer(text, least, start))
    return quoted_at(text, values[-1].end()) if values else None


def _element(text: str, _name: str, before: str, _start: int, end: int) -> Span | None:
    """`<password>…</password>`, `<key>password</key><string>…</string>`."""
    tag = _TAG_END.match(text, end) if _TAG_BEFORE.search(before) else None
    tag = tag or _KEY_TAG.match(text, end)
    found = None if tag is None or text[tag.end() - 2 : tag.end()] == "/>" else _TAG_TEXT.match(text, tag.end())
    return None if found is None or not found[0].strip() or MARK.fullmatch(found[0].strip()) else found.span()


def _statement(text: str, name: str, _before: str, _start: int, end: int) -> Span | None:
    """`PASSWORD '…'`, as SQL has it and people do."""
    if not _PASSWORDS.fullmatch(name):
        return None
    quoted = _QUOTED_SQL.match(text, end)
    value = None if quoted is None else quoted_at(text, quoted.end())
    if value is not None and name.lower() == "secret" and _OBJECT_AFTER.match(text, value[1]):
        return None
    return value
