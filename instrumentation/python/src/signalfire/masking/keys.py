"""Secrets that are known by their form: keys of services, private keys, password hashes."""

import re
from dataclasses import dataclass
from functools import cache

from signalfire.masking.numbers import START

KEY = "[MASKED:key]"

# What a form has in it for certain, in lower case, with | between alternatives; and the form.
_FORMS = r"""
sk- sk-(?:(?:proj|ant|or|lf|svcacct|admin)-[A-Za-z0-9_-]{10,}|[A-Za-z0-9_-]{20,})
_live_ (?:sk|rk|pk|shippo|flw)_live_[A-Za-z0-9]{8,}
_test_ (?:sk|rk|pk|shippo|flw)_test_[A-Za-z0-9]{8,}
whsec_ whsec_[A-Za-z0-9+/=]{16,}
ghp_|gho_|ghs_|ghu_|ghr_ gh[opsur]_[A-Za-z0-9]{20,}
github_pat_ github_pat_[A-Za-z0-9_]{20,}
glpat- glpat-[A-Za-z0-9_-]{15,}
gldt-|glrt-|glrtr-|glptt-|glcbt- gl(?:dt|rt|rtr|ptt|cbt)-[A-Za-z0-9_-]{15,}
glft-|glimt-|glagent-|gloas-|glsoat-|glffct- gl(?:ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_-]{15,}
akia AKIA[A-Z0-9]{16}
asia ASIA[A-Z0-9]{16}
absk ABSK[A-Za-z0-9+/=]{32,}
xoxb-|xoxa-|xoxe-|xoxo-|xoxp-|xoxr-|xoxs- xox[abeoprs]-[A-Za-z0-9-]{11,}
xapp- xapp-[A-Za-z0-9-]{10,}
aiza AIza[A-Za-z0-9_-]{30,}
ya29. ya29\.[A-Za-z0-9_-]{16,}
gocspx- GOCSPX-[A-Za-z0-9_-]{16,}
hf_ hf_[A-Za-z0-9]{20,}
gsk_ gsk_[A-Za-z0-9]{20,}
r8_ r8_[A-Za-z0-9]{20,}
npm_ npm_[A-Za-z0-9]{20,}
xai- xai-[A-Za-z0-9]{20,}
pplx- pplx-[A-Za-z0-9]{20,}
pypi- pypi-[A-Za-z0-9_-]{20,}
_v1_ do[opr]_v1_[a-f0-9]{20,}
lsv2_ lsv2_[ps][tk]_[A-Za-z0-9_]{20,}
sg. SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}
eyj eyJ[A-Za-z0-9_-]{13,2048}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}
eyj eyJ[A-Za-z0-9_-]{13,2048}\.\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,2}
dckr_ dckr_[po]at_[A-Za-z0-9_-]{16,}
shpat_|shpss_|shpca_|shppa_|shptka_ shp(?:at|ss|ca|pa|tka)_[a-fA-F0-9]{16,}
sq0atp-|sq0csp-|sq0idp- sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{16,}
ntn_ ntn_[A-Za-z0-9]{20,}
lin_ lin_(?:api|oauth)_[A-Za-z0-9]{20,}
figd_ figd_[A-Za-z0-9_-]{20,}
dapi dapi[a-f0-9]{32}
hvs.|hvb.|hvr. hv[sbr]\.[A-Za-z0-9_-]{20,}
dp.pt.|dp.st.|dp.ct.|dp.sa.|dp.scim.|dp.audit. dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{16,}
pscale_ pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{16,}
sbp_ sbp_[a-f0-9]{20,}
sb_ sb_secret_[A-Za-z0-9_-]{16,}
glsa_ glsa_[A-Za-z0-9_]{20,}
glc_ glc_[A-Za-z0-9+/=]{20,}
nrak- NRAK-[A-Z0-9]{20,}
sntrys_|sntryu_ sntry[su]_[A-Za-z0-9+/=_]{20,}
fm2_ fm2_[A-Za-z0-9+/=]{20,}
nfp_ nfp_[A-Za-z0-9]{20,}
att3|ctt3|atbb AT(?:ATT3|CTT3|BB)[A-Za-z0-9_=-]{20,}
rubygems_ rubygems_[a-f0-9]{20,}
dt0c01.|dt0s01.|dt0s02.|dt0s16. dt0[cs][0-9]{2}\.[A-Z0-9]{20,64}\.[A-Z0-9]{20,}
tvly- tvly-[A-Za-z0-9-]{16,}
pk-lf- pk-lf-[a-f0-9-]{20,}
fw_ fw_[A-Za-z0-9]{20,}
pcsk_ pcsk_[A-Za-z0-9_]{20,}
pmak- PMAK-[a-f0-9]{20,64}-[a-f0-9]{20,}
pul- pul-[a-f0-9]{30,}
nvapi- nvapi-[A-Za-z0-9_-]{20,}
sess- sess-[A-Za-z0-9]{30,}
secret_ secret_[A-Za-z0-9]{32,}
-us [a-f0-9]{32}-us[0-9]{1,2}(?![A-Za-z0-9])
secret-key-1 AGE-SECRET-KEY-1[A-Z0-9]{20,}
eaa EAA[A-Za-z0-9]{60,}
.atlasv1. [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}
.local. v[1-4]\.local\.[A-Za-z0-9_-]{16,}
8q~ [A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{31,34}
ltai LTAI[A-Za-z0-9]{16,26}(?![A-Za-z0-9])
:aa (?:bot)?[0-9]{6,12}:AA[A-Za-z0-9_-]{30,}
hooks.slack.com/ hooks\.slack(?:-gov)?\.com/[A-Za-z0-9_/-]{0,64}[A-Za-z0-9_-]{16,}
$ \$(?:2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{20,}|(?:1|5|6|7|y|gy|apr1|argon2(?:id|i|d)|scrypt)\$[./A-Za-z0-9+=,$-]{16,})
_sha (?:pbkdf2_sha(?:1|256|512)|bcrypt_sha256)\$[A-Za-z0-9./+=$-]{16,}
{ssha \{SSHA(?:256|384|512)?\}[A-Za-z0-9+/=]{16,}
scrypt: scrypt:[0-9]{2,9}:[0-9]{1,3}:[0-9]{1,3}\$[A-Za-z0-9./+=$-]{16,}
pbkdf2: pbkdf2:sha[0-9]{1,3}:[0-9]{2,9}\$[A-Za-z0-9./+=$-]{16,}
"""


@dataclass(frozen=True, slots=True)
class Form:
    signs: tuple[str, ...]
    pattern: str

    def announced(self, lower: str) -> bool:
        return any(sign in lower for sign in self.signs)

    def compiled(self) -> re.Pattern[str]:
        return _compiled(self.pattern)


@cache  # each when a text first announces it: nobody meets all of them
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{START}(?:{pattern})")


FORMS = tuple(
    Form(tuple(signs.split("|")), form) for signs, form in (row.split(None, 1) for row in _FORMS.split("\n") if row)
)
_BLOCKS = (
    re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----.*?"
        r"(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----|\Z)",
        re.DOTALL,
    ),
    re.compile(
        r"---- BEGIN SSH2 [A-Z ]{0,32}PRIVATE KEY ----.*?(?:---- END SSH2 [A-Z ]{0,32}PRIVATE KEY ----|\Z)", re.DOTALL
    ),
    re.compile(
        r"(?<=Private-Lines: )[0-9]{1,4}(?:\s|\\[rn]){1,8}[A-Za-z0-9+/=]{1,256}"
        r"(?:(?:\s|\\[rn]){1,8}[A-Za-z0-9+/=]{16,256})*"
    ),
    re.compile(r"<RSAKeyValue>.*?(?:</RSAKeyValue>|\Z)", re.DOTALL),
)


def mask_blocks(text: str) -> str:
    """The text without private keys; one that has no end goes on to the end of the text."""
    for block in _BLOCKS:
        text = block.sub(KEY, text)
    return text


def mask_keys(text: str) -> str:
    lower = text.lower()
    for form in FORMS:
        if form.announced(lower):
            text = form.compiled().sub(KEY, text)
    return text
