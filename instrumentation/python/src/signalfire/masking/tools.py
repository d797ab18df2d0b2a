"""Secrets that tools take as an argument without a telling name: clouds, registries, databases, network devices."""

import re

from signalfire.masking.arguments import NEXT_ARGUMENT
from signalfire.masking.phrase import Phrase
from signalfire.masking.words import LOOKS_SECRET

_OPTIONS = r"""(?:(?![|;&\n])[^\n]){0,400}?"""
_GAP = r"""[\s"',=\\]{1,24}"""
_WORD = r"""(?!-|\[MASKED)[^\s"',\\]{0,255}[^\s"',\\)\]}]"""
_QUOTE = r"""\\{0,15}["']?"""

TOOLS = (
    # A store of secrets is given one: aws ssm put-parameter --type SecureString --value …
    Phrase(
        ("secret", "securestring", "keyvault", "hash-password"),
        re.compile(
            rf"(?i)(\b(?:secrets?|securestring|keyvault|hash-password)\b{_OPTIONS}[\s\"'](?:--value|--body|--data|"
            rf"--plaintext|-b){_GAP}){_WORD}"
        ),
    ),
    Phrase(("secret set", "secret put"), re.compile(rf"(\b(?:gh|wrangler)\b{_OPTIONS}\s-b\\{{0,15}}[\"']){_WORD}")),
    Phrase(
        ("secret set", "secret put"),
        re.compile(rf"(\bsecret (?:set|put)\b[^|\n]{{0,200}}<<<\s{{0,4}}{_QUOTE})(?!\$|\[MASKED)[^\s\"'\\]{{1,256}}"),
    ),
    Phrase(("--from-literal",), re.compile(rf"(--from-literal[\s=]{{1,4}}{_QUOTE}[\w.-]{{1,128}}=){_QUOTE}{_WORD}")),
    # What logs in, or keeps, what stands behind it.
    Phrase(
        (
            *(
                "refresh-token",
                "doctl",
                "netlify",
                "cargo",
                "snyk",
                "ngrok",
                "setapikey",
                "npm config",
                "pulumi",
                "poetry",
            ),
            *("composer", "vault", "mkpasswd", "openssl", "gem push", "nuget"),
        ),
        re.compile(
            rf"(?i)(\b(?:gcloud auth activate-refresh-token\s\S{{1,128}}|"
            rf"doctl\b{_OPTIONS}\s-t|netlify\b{_OPTIONS}\s--auth|"
            rf"cargo login|snyk auth|ngrok (?:config add-)?authtoken|nuget setapikey|(?:npm|pnpm) config set _auth|"
            rf"pulumi config set\b{_OPTIONS}\s--secret\s[^\s-]\S{{0,128}}|"
            rf"poetry config (?:http-basic\.\S{{1,64}}\s\S{{1,64}}"
            rf"|pypi-token\.\S{{1,64}})|composer config http-basic\.\S{{1,128}}\s\S{{1,64}}|"
            rf"vault token (?:renew|lookup|revoke)|mkpasswd(?:\s-[msS]\s\S{{1,32}}){{0,3}}|"
            rf"openssl passwd -[156a]\w{{0,4}}|"
            rf"gem push\b{_OPTIONS}\s(?:-k|--key)|nuget push\b{_OPTIONS}\s-k)"
            rf"{_GAP}){_WORD}"
        ),
    ),
    Phrase(
        ("--authkey", "-bearer"), re.compile(rf"((?<![\w-])--(?:[a-z0-9]{{1,16}}-)?(?:authkey|bearer){_GAP}){_WORD}")
    ),
    Phrase(
        ("bundle config",),
        re.compile(rf"(\bbundle config\s(?:set\s)?(?:--\w{{1,16}}\s)?\S{{1,128}}\s[A-Za-z][\w.@-]{{0,64}}:){_WORD}"),
    ),
    # user/password of Oracle's tools
    Phrase(
        ("exp", "imp", "sqlldr", "rman", "userid="),
        re.compile(
            rf"(?i)(\b(?:expd?p?|impd?p?|sqlldr|rman|sqlcl|dgmgrl)\b{_OPTIONS}[\s=][\w$.-]{{1,64}}/)(?!/|\[MASKED)"
            rf"[^\s/@\"']{{1,128}}(?=@[A-Za-z])"
        ),
    ),
    Phrase(("userid=",), re.compile(r"(?i)(\buserid=[\w$.-]{1,64}/)(?!/|\[MASKED)[^\s@\"']{1,128}")),
    Phrase(
        ("isql", "rabbitmqadmin", "winrm", "usermod", "useradd", "ssh-keygen", "az "),
        re.compile(
            rf"(\b(?:isql|rabbitmqadmin|winrm|usermod|useradd|ssh-keygen|az\s(?:sql|mysql|postgres|vm|acr|mariadb))\b{_OPTIONS}"
            rf"[\s\"']-(?:P|p|N){NEXT_ARGUMENT}){_WORD}(?:({_OPTIONS}[\s\"']-N{NEXT_ARGUMENT}){_WORD})?"
        ),
        r"\1[MASKED]",
    ),
    Phrase(
        ("sqlcmd", "ldap"), re.compile(rf"(\b(?:sqlcmd|ldap[a-z]{{3,10}})\b{_OPTIONS}[\s\"']-[Pw])(?=[^\s-]){_WORD}")
    ),
    # Windows' way to write options
    Phrase(
        ("/p:", "/p ", "/rp ", "/pass:", "/pw:"),
        re.compile(
            rf"(?i)((?:\b(?:signtool|schtasks|[a-z]{{0,8}}freerdp|mstsc|psexec|installutil|sc)\b{_OPTIONS}|\s/u(?:ser)?:\S{{1,64}}\s)"
            rf"(?<!\S)/(?:r?p|pw|pass(?:word)?)[: ]\s{{0,2}}){_WORD}"
        ),
    ),
    Phrase(("smbclient",), re.compile(rf"(\bsmbclient\s{_QUOTE}[/\\]{{2,4}}[^\s\"']{{1,128}}{_QUOTE}\s){_WORD}")),
    Phrase(
        ("passwd",),
        re.compile(
            rf"(\becho\s{{1,4}}(?:-[neE]{{1,3}}\s{{1,4}})?{_QUOTE})(?![\"'$]|\[MASKED)[^|\n\"']{{1,256}}?"
            rf"(?={_QUOTE}\s{{0,4}}\|\s{{0,4}}(?:sudo\s)?passwd\b)"
        ),
    ),
    # Routers, switches, firewalls
    Phrase(
        ("password", "secret", "key", "md5"),
        re.compile(
            rf"(?i)((?<![\w-])(?:[\w-]{{0,24}}password|secret|[\w-]{{0,24}}key(?:-string)?|md5)\s(?:[0-9]|encrypted|ascii-text|"
            rf"cleartext|plaintext|hexadecimal|encryption)\s{_QUOTE}){LOOKS_SECRET}"
        ),
    ),
    Phrase(
        ("tacacs", "radius", "isakmp", "community"),
        re.compile(
            rf"(?i)(\b(?:(?:tacacs|radius)[\w-]{{0,16}}\b[^\n]{{0,80}}?\skey|isakmp key|snmp-server community|"
            rf"r[ow]community6?)\s(?:[0-9]\s)?{_QUOTE})(?!\[MASKED)[^\s\"']{{4,256}}"
        ),
    ),
)
