"""The first look at a text: whether it may hold something to mask. Most hold none, and this is all that they cost.

Whatever is masked must have a sign here. Signs are looked for in the text in lower case, written out one by one where a
loop would cost as much as the search.
"""

import re

from signalfire.masking.iban import SEPARATOR
from signalfire.masking.keys import FORMS
from signalfire.masking.marks import any_in
from signalfire.masking.numbers import SHORTEST_CARD

# --- numbers: each begins with a digit, which is quickly found ---

# Digits and separators alone; or what follows two letters of an IBAN. Where nothing is escaped, those begin a word.
_NUMBER = (
    r"[0-9](?:[0-9 +%\u00a0\u202f-]{12}"
    rf"|[0-9](?<=[a-z]{{2}}[0-9]{{2}})(?<!BEFORE[a-z]{{2}}[0-9]{{2}})(?:{SEPARATOR}?[a-z0-9]){{11}})"
)
_NUMBERS = re.compile(_NUMBER.replace("BEFORE", "[a-z0-9]"))
_ESCAPED_NUMBERS = re.compile(_NUMBER.replace("BEFORE", "[^\\x00-\\uffff]"))

# --- keys by their form ---

_SHORTEST_KEY = 16
# Nearly every key has as long a word in it. Possessive: no character is looked at twice.
_LONG_WORD = re.compile(r"(?:[A-Za-z0-9_-]{0,15}+[^A-Za-z0-9_-]++)*+[A-Za-z0-9_-]{16}")
# What has no rare character in it, and what is written in capitals.
_PLAIN_KEYS = ("dapi", "-us", "eyj")
_CAPITALS = re.compile(r"A(?:KIA|SIA|BSK|Iza|TATT|TCTT|TBB)|EAA|LTAI|Q~|SECRET-KEY-1")
_SIGNS_OF_KEYS = {sign for form in FORMS for sign in form.signs} - {*_PLAIN_KEYS, "secret-key-1"}
# The rest by a rare character that they have, so that a text without it need not be searched for them.
_KEYS_BY_HINT = tuple(
    (hint, re.compile("|".join(re.escape(sign) for sign in sorted(_SIGNS_OF_KEYS) if hint in sign))) for hint in "-_.:"
)

# --- addresses ---

_PLACE = (
    r"(?:magic|verif|confirm|activat|invit|accept|reset|recover|unlock|unsub|opt|one|e-?mail|sso|sign-?in|log-?in"
    r"|account)[a-z_-]{0,24}(?:\\{0,15}/|%2f)"
)
_PATH = re.compile(rf"/(?:bot|web|hook|trigger|hc-ping|incoming|{_PLACE})")
_QUOTED_PATH = re.compile(rf"%2f{_PLACE}")
_QUERY: tuple[str, ...] = (
    "signature=",
    "sig=",
    "key=",
    "auth=",
    "code=",
    "pw=",
    "pass=",
    "jwt=",
    "otp=",
    "ticket=",
    "assertion=",
)
_QUERY += ("samlresponse=",)

# --- commands whose options hold secrets ---

_OPTIONS = (" -", "'-", '"-', "[-", ",-")
_COMMANDS: tuple[str, ...] = (
    "curl",
    "wget",
    "http ",
    "https ",
    "xh ",
    "mysql",
    "mariadb",
    "sshpass",
    "login",
    "mongo",
    "unzip",
    "-cli",
)
_NAMES_IN_PHRASES: tuple[str, ...] = (
    *("auth", "pass ", "pass:", "password ", "passwd", "passphrase", "cookie", "apikey", "geniekey", "ssws", "crypt"),
    *("env ", "setx ", "setenv ", "hmac(", ")=(", "reg_", "duplicate entry", "334 ugfz"),
    *(
        "authtoken",
        "setapikey",
        "refresh-token",
        "keyvault",
        "secret set",
        "secret put",
        "--secret",
        "isakmp",
        "-server",
    ),
)
_COMMANDS += ("ldap", "sqlcmd", "securestring", "openssl", "snmp", "smb", "rpcclient", "wmic", "winexe", "net ")
_COMMANDS += ("--proxy-user", "--user", "creds", "htpasswd", "rclone", "lftp", "7z", "rar", "zip", "psexec", "cqlsh")
_COMMANDS += (
    "cypher-shell",
    "twine",
    "mosquitto",
    "ipmitool",
    "bcp",
    "rdesktop",
    "influx",
    "isql",
    "rabbitmqadmin",
    "winrm",
)
_COMMANDS += ("usermod", "useradd", "ssh-keygen", "az ", "--from-literal", "netlify", "-bearer", "--value", "--body")


_CODE = re.compile(
    r"(?:mfa|2fa|sms|tion|urity|covery|access|backup|reset|login|pin|device|unlock|pairing)[_.\- ]?codes?(?![a-z])"
)
_PIN = re.compile(r"(?<![a-z])pin(?![a-z])")
_CODE_TO = re.compile(r"code (?:is )?\S{4,256} to (?:log|sign|verify|confirm|reset|continue)")
_PW = re.compile(r"pw(?:d|(?![a-z]))")
_READERS = ("stdin", "sudo ", "passwd", "-with-token", "-fd")
_USERS = ("setuser", "net user ", "/user:", "-user", "add_user ")
_LOGINS = ("login ", "login:", "login attempt", "logged in", "log in")
_CALLS: tuple[str, ...] = (
    "login(",
    "log_in(",
    "sign_in(",
    "signin(",
    "connect(",
    "connection(",
    "construct(",
    "pdo(",
    "mysqli(",
)
_CALLS += ("bcrypt", "imap_open(", "ldap_bind(", "credential")
_CONFIGURED = ("bundle config", "poetry config", "composer config")
_ORACLES = ("exp", "imp", "rman", "sqlldr", "sqlcl", "dgmgrl")
# A word with letters and digits, as secrets in sentences are.
_MIXED = re.compile(r"[a-z][^\s0-9]{0,16}[0-9]|[0-9][^\sa-z]{0,16}[a-z]")


def has_name(lower: str) -> bool:
    """A part of a name that tells of a secret, or of a phrase that does."""
    return (
        "key" in lower
        or ("ss" in lower and ("pass" in lower or "sess" in lower or "ssn" in lower or "ssws" in lower))
        or ("ok" in lower and ("token" in lower or "cookie" in lower))
        or ("cr" in lower and ("secret" in lower or "cred" in lower or "crypt(" in lower))
        or "auth" in lower
        or "sid" in lower
        or ("pw" in lower and _PW.search(lower) is not None)
        or "srf" in lower
        or "psk" in lower
        or "jwt" in lower
        or "otp" in lower
        or "cv" in lower
        or ("code" in lower and _CODE.search(lower) is not None)
        or ("pin" in lower and _PIN.search(lower) is not None)
    )


def has_phrase(lower: str, *, named: bool) -> bool:
    """Words around a secret; `named` that there is a part of a telling name, which many of them have, too."""
    return (
        "bearer" in lower
        or "basic" in lower
        or "identified" in lower
        or ("e\t" in lower and ("true\t" in lower or "false\t" in lower))
        or ("\\" in lower and ("true\\t" in lower or "false\\t" in lower))
        or (
            "-" in lower
            and any_in(_OPTIONS, lower)
            and (any_in(_COMMANDS, lower) or (":" in lower and ("-u" in lower or "-a" in lower)))
        )
        or ("<" in lower and ("<morsel" in lower or "<input" in lower or ("<<" in lower and any_in(_READERS, lower))))
        or ("|" in lower and any_in(_READERS, lower))
        or "row contains (" in lower
        or "-signature" in lower
        or "identify " in lower
        or ("user" in lower and any_in(_USERS, lower))
        or ("log" in lower and any_in(_LOGINS, lower))
        or "vault " in lower
        or ("co" in lower and ("community " in lower or ("config " in lower and any_in(_CONFIGURED, lower))))
        or ("/" in lower and _has_tool(lower))
        or ("(" in lower and ("'" in lower or '"' in lower or "`" in lower) and any_in(_CALLS, lower))
        or ("code " in lower and _CODE_TO.search(lower) is not None)
        or "sqlplus" in lower
        or (":" in lower and (":543" in lower or ":*:" in lower))
        or (named and (any_in(_NAMES_IN_PHRASES, lower) or _MIXED.search(lower) is not None or "pin" in lower))
    )


def _has_tool(lower: str) -> bool:
    """A tool that takes a user and a password with a slash between them, or options with a slash before them."""
    return (
        ("@" in lower and any_in(_ORACLES, lower))
        or (" /" in lower and ("/p:" in lower or "/p " in lower or "/rp " in lower))
        or "userid=" in lower
        or ("//" in lower and "smbclient" in lower)
    )


def has_address(lower: str, *, named: bool) -> bool:
    return (
        "@" in lower
        or "%40" in lower
        or ("/" in lower and (named or _PATH.search(lower) is not None))
        or ("%2f" in lower and (named or _QUOTED_PATH.search(lower) is not None))
        or ("=" in lower and ("?" in lower or "&" in lower) and any_in(_QUERY, lower))
    )


def has_key(text: str, lower: str) -> bool:
    if len(lower) < _SHORTEST_KEY:
        return False
    if "$" in lower or "{ssha" in lower:
        return True
    if _LONG_WORD.match(text) is None:
        return False
    for hint, signs in _KEYS_BY_HINT:
        if hint in lower and signs.search(lower) is not None:
            return True
    return any_in(_PLAIN_KEYS, lower) or _CAPITALS.search(text) is not None


def has_number(lower: str) -> bool:
    """A run of digits as long as a card's number, or something built like an IBAN."""
    if len(lower) < SHORTEST_CARD:
        return False
    numbers = _ESCAPED_NUMBERS if "\\" in lower or "%" in lower else _NUMBERS
    return numbers.search(lower) is not None
