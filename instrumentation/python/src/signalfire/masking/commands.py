"""Secrets in the options, arguments and inputs of commands."""

import re

from signalfire.masking.arguments import NEXT_ARGUMENT
from signalfire.masking.phrase import Phrase
from signalfire.masking.words import LOOKS_SECRET

_GAP = r"""[\s"',\\]{1,24}"""
_WORD = r"""(?!\[MASKED)[^\s"',\\]{0,255}[^\s"',\\)\]}]"""
# From a command up to one of its options, on the same line.
_OPTIONS = r"""(?:(?![|;&\n])[^\n]){0,400}?"""
# What takes a secret from its input.
_READERS = (
    r"(?:--password-stdin|--token-stdin|--with-token|--passphrase-fd[ =]0|--stdin\b|\bchpasswd"
    r"|\bsudo\s[^|\n]{0,40}?-[A-Za-z]{0,4}S\b)"
)

COMMANDS = (
    Phrase(
        ("curl", "wget", "http ", "https ", "xh "),
        re.compile(
            rf"(\b(?:curl|http|https|xh|wget)\b{_OPTIONS}(?<![\w-])(?:-u|-U|--user|--proxy-user|-a|"
            rf"--auth){_GAP}[^\s\"',:\\]{{0,64}}:)(?!//){_WORD}"
        ),
    ),
    Phrase(("curl",), re.compile(rf"(\bcurl\b{_OPTIONS}(?<![\w-])-u(?=[^\s-])[^\s\"',:\\]{{1,64}}:){_WORD}")),
    # In a list of arguments its command may stand far away, or not at all.
    Phrase(
        ("-u", "-a"),
        re.compile(
            rf"((?<![\w-])-[ua](?:{NEXT_ARGUMENT}|(?=[A-Za-z]))(?!(?:https?|tcp|udp|file|env):)[A-Za-z][\w.@+-]{{0,64}}:)"
            rf"(?!//)(?![^\s\"',]{{0,256}}[@/]){LOOKS_SECRET}"
        ),
    ),
    Phrase(
        ("mysql", "mariadb"),
        re.compile(rf"(\b(?:mysql|mariadb)[\w-]{{0,16}}\b{_OPTIONS}[\s\"']-p)(?=[^\s\"',-]){_WORD}"),
    ),
    Phrase(
        ("sshpass", "login", "mongo", "unzip"),
        re.compile(
            rf"(\b(?:sshpass|(?:docker|podman|nerdctl|buildah|az|registry)\b[\s\"',]{{1,4}}login|"
            rf"helm\b{_OPTIONS}login|mongo[\w-]{{0,12}}|unzip)\b{_OPTIONS}[\s\"']-[pP][\"',\s\\]{{0,24}}){_WORD}"
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
    Phrase(
        ("securestring",),
        re.compile(r"(?i)(ConvertTo-SecureString\s{1,4}(?:-String\s{1,4})?)(?![\[\"'$(\\-])[^\s\"')]{1,256}"),
    ),
    Phrase(
        ("vault",),
        re.compile(
            rf"(\bvault\b(?:(?![|;&\n])[^\n]){{0,100}}?\s(?:login|unwrap|unseal|"
            rf"rekey){_GAP}(?:-[\w-]{{1,32}}(?:=\S{{1,64}})?{_GAP}){{0,8}})(?!-|\w{{1,32}}=){_WORD}"
        ),
    ),
    Phrase(
        ("openssl",),
        re.compile(
            rf"(\bopenssl\b{_OPTIONS}[\s\"'](?:-k|-K|-iv|-pass|-passin|-passout|-hmac){_GAP})(?!pass:|env:|file:|"
            rf"fd:|stdin|-){_WORD}"
        ),
    ),
    Phrase(
        ("snmp",),
        re.compile(
            rf"(\bsnmp[a-z]{{2,12}}\b{_OPTIONS}[\s\"']-[cAX]{_GAP})(?!-){_WORD}(?:{_OPTIONS}[\s\"']-[AX]{_GAP}{_WORD})?"
        ),
    ),
    Phrase(
        ("smb", "rpcclient", "cifs", "wmic", "winexe", "net rpc", "net ads"),
        re.compile(
            rf"(\b(?:smb[a-z]{{1,10}}|rpcclient|wmic|winexe|net)\b{_OPTIONS}[\s\"'](?:-U|--user(?:name)?)"
            rf"[\s\"',=\\]{{0,4}}[^\s%\"']{{1,64}}%){_WORD}"
        ),
    ),
    Phrase(("-user",), re.compile(rf"((?<![\w-])--proxy-user[\s\"',=\\]{{1,24}}[^\s:\"'\\]{{1,64}}:){_WORD}")),
    Phrase(
        ("-user", "--creds", "-creds"),
        re.compile(
            rf"((?<![\w-])--(?:user|(?:src-|dest-)?creds)[\s\"',=\\]{{1,24}}[A-Za-z][^\s:\"'\\]{{0,64}}:){LOOKS_SECRET}"
        ),
    ),
    # What a command reads from its input: from echo, from a here-string, from a here-document.
    Phrase(
        ("stdin", "sudo", "passwd", "-with-token", "-fd"),
        re.compile(
            rf"(\b(?:echo|printf|print|Write-Output)\s{{1,4}}(?:-[neE]{{1,3}}\s{{1,4}})?(?:\\{{0,15}}[\"']%s(?:\\{{1,4}}n)?\\{{0,15}}[\"']\s{{1,4}})?\\{{0,15}}[\"']?)(?![\"'$]|\[MASKED)[^|\n\"'\\]{{1,256}}?"
            rf"(?=\\{{0,15}}[\"']?\s{{0,4}}\|\s{{0,4}}[^|\n]{{0,200}}?{_READERS})"
        ),
    ),
    Phrase(
        ("<<",),
        re.compile(rf"({_READERS}[^|\n]{{0,200}}?<<<\s{{0,4}}\\{{0,15}}[\"']?)(?!\$|\[MASKED)[^\s\"'\\]{{1,256}}"),
    ),
    Phrase(
        ("<<",),
        re.compile(
            rf"({_READERS}[^|\n]{{0,200}}?<<-?\s{{0,4}}\\{{0,15}}[\"']?\w{{1,32}}\\{{0,15}}[\"']?(?:\n|"
            rf"\\{{1,15}}n)\s{{0,16}})(?!\$|\[MASKED)[^\s\\]{{1,256}}"
        ),
    ),
    Phrase(
        ("net use ",),
        re.compile(
            r"(?i)(\bnet use (?:[A-Za-z*]: |\* )?\\{2,8}\S{1,200} (?:/user:\S{1,64} )?)(?!/|\[MASKED)[^\s\"']{1,256}"
        ),
    ),
    Phrase(("net user ",), re.compile(r"(?i)(\bnet user [^\s/]{1,64} )(?!/|\[MASKED)[^\s\"']{1,256}(?=\s{1,4}/)")),
    Phrase(
        ("htpasswd", "wpa_passphrase", "rabbitmqctl", "rclone", "sqlplus", "lftp", "7z", "rar ", "zip "),
        re.compile(
            rf"(\b(?:htpasswd\b{_OPTIONS}\s-(?:(?=\w{{0,5}}n)\w{{0,5}}b\w{{0,4}}\s|(?!\w{{0,5}}n)"
            rf"\w{{0,5}}b\w{{0,4}}\s\S{{1,200}}\s)[^\s-]\S{{0,64}}\s|wpa_passphrase\s\S{{1,64}}\s"
            rf"|rabbitmqctl\b{_OPTIONS}\s(?:add_user|change_password|authenticate_user)\s\S{{1,64}}\s|rclone obscure\s"
            rf"|sqlplus\s(?:-[sSL]{{1,2}}\s){{0,2}}[\w$.-]{{1,64}}/|lftp\b{_OPTIONS}\s-u\s[^\s,]{{1,64}},|"
            rf"(?:7z[ar]?|u?rar)\b{_OPTIONS}\s-h?p(?=[^\s\"'-])|zip\b{_OPTIONS}\s-P\s))"
            r"\\{0,15}[\"']?(?!-|\[MASKED)[^\s\"'\\@]{1,256}"
        ),
    ),
    Phrase(
        (
            "psexec",
            "cqlsh",
            "cypher-shell",
            "twine",
            "mosquitto",
            "ipmitool",
            "bcp ",
            "rdesktop",
            "influx",
        ),
        re.compile(
            rf"(?i)(\b(?:psexec(?:64)?(?:\.exe)?|cqlsh|cypher-shell|twine|mosquitto_(?:pub|sub)|ipmitool|bcp|"
            rf"rdesktop|influx)\b{_OPTIONS}[\s\"']-(?:p|password){_GAP})(?!-|[0-9]{{2,5}}\b){_WORD}"
        ),
    ),
    Phrase(
        (":543", ":*:"),
        re.compile(
            r"(?m)((?:^|[\"'])(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}|\*):(?:543[0-9]|\*)"
            r":[\w*-]{1,64}:[\w*.-]{1,64}:)(?!\[MASKED)[^\s:\"']{4,256}(?=$|[\"'\\])"
        ),
    ),
)
