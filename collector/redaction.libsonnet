// What is masked once more, in case a library did not: secrets and personal data. RE2 expressions.
local card16 = '(4\\d{3}|5[1-5]\\d{2}|2[2-7]\\d{2}|6011|65\\d{2})';

{
  // Attributes whose whole value is masked, by the last part of their name: `http.request.header.authorization`,
  // `user.password`, and each element of a list (`….0`). Not `token` at the end of any name: `time_to_first_token` is a
  // measurement.
  keys: [
    '(?i)(^|[._-])(authorization|proxy[_-]authorization|cookie|set[_-]cookie|x[_-]api[_-]key)(\\.\\d+)?$',
    '(?i)(^|[._-])(password|passwd|passphrase|pwd|secret|credentials?|' +
    'private[_-]?key|api[_-]?key|access[_-]?key)(\\.\\d+)?$',
    '(?i)(^|[._-])(access|refresh|id|auth|bearer|session|csrf|xsrf|api|security)[_-]?token(\\.\\d+)?$',
    '(?i)(^|\\.)token(\\.\\d+)?$',
    '(?i)(^|[._-])(e[_-]?mail|email[_-]address|card[_-]?number|credit[_-]?card|iban|ssn)(\\.\\d+)?$',
  ],

  // Parts of any text that are masked. They are tried in no particular order, so each must be right after any other.
  values: [
    // Authorization: Bearer …, basic …
    '(?i)\\b(bearer|basic)\\s+[a-z0-9._~+/=-]{8,}',
    // password=…, "api_key": "…", X-Api-Key: …
    '(?i)\\b(authorization|x-api-key|api[_-]?key|(access|refresh|id|auth|session)[_-]?token|' +
    'client[_-]?secret|password|passwd|pwd)' +
    '\\\\?["\']?\\s*[:=]\\s*\\\\?["\']?((bearer|basic|token)\\s+)?[^\\s"\',;&})\\]\\\\]{3,}',
    // secret=…, "secret": "…"; of an ARN, …:secret:name, it is a part.
    '(?i)\\bsecret(\\\\?["\']\\s*[:=]|\\s*=|\\s*:\\s)\\s*\\\\?["\']?[^\\s"\',;&})\\]\\\\]{3,}',
    // Keys by the shape their issuers give them: OpenAI and Anthropic, Stripe, AWS, GitHub, GitLab, Slack, Google,
    // Hugging Face.
    '\\b(sk-[A-Za-z0-9_-]{20,}|(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,})',
    '\\b(AKIA|ASIA)[0-9A-Z]{16}\\b',
    '\\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{30,})',
    '\\bxox[a-z]-[A-Za-z0-9-]{10,}',
    '\\bAIza[0-9A-Za-z_-]{35}',
    // JSON web tokens and private keys.
    '\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}(\\.[A-Za-z0-9_-]*)?',
    '-----BEGIN [A-Z ]*PRIVATE KEY-----(.|\\s)*?(-----END [A-Z ]*PRIVATE KEY-----|$)',
    // scheme://user:password@
    '[a-z][a-z0-9+.-]*://[^/\\s:@"\']+:[^/\\s@"\']+@',
    // E-mail addresses; react@18.2.0 is none.
    '[A-Za-z0-9._%+-]+@(\\d{3,}|\\d*[A-Za-z-][A-Za-z0-9-]*)(\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}\\b',
    // Card numbers of 16 and of 15 digits. In groups of one separator, so that no UUID looks like one; otherwise what
    // stands before them goes with them, so that it is no decimal point.
    '\\b' + card16 + '(( \\d{4}){3}|(-\\d{4}){3})\\b',
    '(^|[^0-9A-Za-z._-])' + card16 + '\\d{12}\\b',
    '\\b3[47]\\d{2}( \\d{6} |-\\d{6}-)\\d{5}\\b',
    '(^|[^0-9A-Za-z._-])3[47]\\d{13}\\b',
  ],
}
