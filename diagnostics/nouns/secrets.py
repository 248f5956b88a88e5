"""Secrets in settings, log lines and code: found by name and by look, and masked before anybody sees them.

A password that is shown is out; a harmless value that is hidden makes a comparison poorer. So what its name calls a secret is
hidden unless it can be none ("token: true"), what a name only hints at (any "key") is hidden if it looks made by a machine, and
without a name only what has the form of a key or a login.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "•••"

TEXT_CAP: Final = 20_000
"""Characters of a text that are looked through; what is shown of an upload is shorter."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


STRONG: Final = _words(
    "password passwords passwd passwort passphrase passcode pwd pw pass secret secrets credential credentials cred creds "
    "token tokens apikey apikeys kennwort mdp senha contrasena contraseña authorization bearer jwt dsn webhook pat psk "
    "fernet totp otp mfa 密码 口令 密钥 秘钥 令牌 凭证 パスワード пароль"
)
"""Words of a name after which a secret stands."""

ALWAYS: Final = _words("password passwd passphrase secret secrets credential credentials")
"""Words that make a secret of whatever the name goes on with."""

WEAK: Final = _words(
    "key keys auth sig signature salt pin encryption cookie cookies access private cipher hmac session csrf sas license "
    "login connection conn jdbc odbc"
)
"""Words after which one may stand."""

ENDS: Final = (
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "credential",
    "pass",
    "accesskey",
    "secretkey",
    "privatekey",
    "密码",
    "口令",
    "密钥",
    "秘钥",
    "令牌",
    "パスワード",
)
"""What a name written in one word may end with."""

NO_ENDS: Final = ("bypass", "compass", "lowpass", "highpass", "bandpass", "trespass", "surpass", "encompass")

ASIDE: Final = _words(
    "value text plain raw base64 b64 prod production dev staging test old new current primary secondary main env string str "
    "default id"
)
"""Words behind the one that counts."""

ABOUT: Final = _words(
    "policy min max length len limit limits count size type types name names expiry expires expire ttl rotation required "
    "enabled field column columns hint manager store backend provider path file class strength attempts retries days hours "
    "timeout version method algorithm ratio rate loss weight weights dropout dim embedding embeddings ids id level window "
    "interval lifetime url uri scheme mode format order index position prefix suffix kind scope scopes audience issuer"
)
"""Words behind one of the strong: the name is about a secret, and its value is none."""

OF_MODELS: Final = _words(
    "pad bos eos unk mask cls sep special max min num n total stop start end image begin decoder forced new vocab prompt "
    "completion input output context per bad first last forward backward one two single multi second"
)
"""Words before "token" or "pass" with which language models and training speak of something else."""

OF_TABLES: Final = _words(
    "primary foreign sort partition join index group cache object routing public hot row dict map lookup unique merge order "
    "event message topic natural surrogate composite hash search metadata label config"
)
"""Words before "key" with which tables and stores speak of something else."""

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_NUMBER: Final = re.compile(
    r"[+-]?\d{1,4}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,3})?|true|false|yes|no|on|off|null|none|nil|~|auto", re.IGNORECASE
)
_PLACEHOLDER: Final = re.compile(
    r"<[^<>]{0,60}>|\[[A-Z_]{2,20}\]|\$\{[^{}]{0,200}\}|\$\w{1,60}|\{\{[^{}]{0,200}\}\}|%\w{1,60}%|\*{3,}|•{3}|x{3,}|…"
)
_PLAIN: Final = re.compile(
    r"[a-z]{1,40}(?:[ _.:/-][a-z]{1,40}\d{0,2}){0,12}|[A-Z]{1,40}(?:[_-][A-Z]{1,40}\d{0,2}){0,12}|[A-Z][a-z]{1,40}"
    r"|[./~][\w./-]{0,300}"
)
_STATES: Final = _words(
    "invalid expired missing none null true false incorrect wrong required denied rejected not is for of was has unknown "
    "empty ok valid verified accepted revoked refreshed error failed failure mismatch unauthorized forbidden timeout eof "
    "and or the a an in to from"
)
"""Words that a message says about a secret instead of telling it."""

_KEYS: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj-|ant-|or-)?[\w-]{12,400}"
    r"|(?:ghp|gho|ghs|ghu|ghr)_\w{10,400}|github_pat_\w{10,400}|gl(?:pat|rt|dt|ft|soat|cbt|ptt)-[\w.-]{10,400}"
    r"|xox[abeprs]-[\w-]{8,400}|xapp-[\w-]{8,400}|(?:AKIA|ASIA|AIDA|AROA|LTAI|AKCp)[A-Za-z0-9]{8,200}"
    r"|AIza[\w-]{10,400}|ya29\.[\w.-]{10,400}|GOCSPX-[\w-]{10,200}|hf_\w{10,400}|npm_\w{10,400}|pypi-[\w-]{10,400}"
    r"|dckr_(?:pat|oat)_[\w-]{10,400}|SG\.[\w.-]{10,400}|hv[sbr]\.[\w-]{10,400}|dop_v1_\w{10,400}|dapi[0-9a-f]{20,64}"
    r"|shp(?:at|ca|pa|ss)_\w{10,400}|whsec_[\w+/=]{10,400}|sq0\w{3}-[\w-]{10,400}|lin_api_\w{10,400}|ntn_\w{10,400}|figd_[\w-]{10,400}"
    r"|PMAK-[\w-]{10,400}|NR(?:AK|JS|II)-[\w-]{10,400}|rubygems_\w{10,400}|gsk_\w{10,400}|r8_\w{10,400}|pplx-\w{10,400}|sntry[su]_[\w+/=-]{10,400}"
    r"|key-[0-9a-f]{24,64}|ATATT[\w=-]{10,400}|EAA[A-Za-z0-9]{30,400}|AGE-SECRET-KEY-\w{10,200}|eyJ[\w-]{10,2000}\.[\w.-]{0,4000}"
    r")|-----BEGIN[\s\S]{0,8000}?(?:-----END[^\n]{0,60}|$)"
)
"""Keys whose issuers marked them, tokens in JSON (RFC 7519), and PEM (RFC 7468)."""

_LOGIN: Final = re.compile(
    r"(?<=://)(?:[^\s/?#'\"<>]{0,200}:[^\s/?#'\"<>]{0,300}|[^\s/:'\"<>]{0,200}:(?!\d{1,5}/)[^\s'\"<>]{1,300}"
    r"|(?=[^\s/@]{0,300}\d)[^\s/?#@:'\"<>]{8,300})(?=@)"
)
_PATHS: Final = re.compile(
    r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]{6,200}|(?<=/api/webhooks/)\d{1,25}/[\w-]{6,200}"
    r"|(?<=webhook\.office\.com/)[\w/@.-]{6,300}|(?<=/bot)\d{5,15}:[\w-]{10,100}"
)
_ORACLE: Final = re.compile(r"(?<=thin:)[^\s@/:]{1,100}/[^\s@]{1,200}(?=@)")
_HEADER: Final = re.compile(
    r"(?i)(\bbearer\s{1,3}(?!auth|token|realm|scheme|header)|\b(?:basic|digest|negotiate|apikey)\s{1,3}(?=[\w.~+/-]{0,400}(?-i:[A-Z0-9=])))"
    r"[\w.~+/=-]{6,4000}"
)
_OPTION: Final = re.compile(
    r"(?i)(?<!\S)(--?(?:[a-z]+[-_])?(?:password|passwd|passphrase|pass|pwd|secret|token|api[-_]?key|access[-_]?key|secret[-_]?key|credentials?)"
    r"(?:\s{1,3}|=))(?!-)[^\s;&|]{1,400}"
)
_USER: Final = re.compile(r"(?<!\S)((?:-u|--user|--proxy-user)[\s=]{0,2}['\"]?)[^\s:'\"]{1,100}:[^\s'\"]{1,200}")
_MYSQL: Final = re.compile(r"(\b(?:mysql|mysqldump|mariadb|mysqladmin|sshpass)\b[^|;&\n]{0,200}?\s-p)(?!\s)[^\s]{1,200}")
_STATED: Final = re.compile(
    r"(?<![\w.-])(?P<name>[^\W\d][\w.-]{0,80})(?P<sign>[\"']?\s{0,3}(?:=>|:=|=|:(?!//))\s{0,3})"
    r"(?P<value>\"[^\"\n]{1,2000}\"|'[^'\n]{1,2000}'|(?![\w.]{1,200}[(\[])[^\s,;&'\"<>(){}\[\]|]{1,2000})"
)
_OPAQUE: Final = re.compile(r"(?=[^\d]{0,200}\d)(?=[^A-Za-z]{0,200}[A-Za-z])[A-Za-z0-9+/_=-]{32,500}")
_LONG: Final = re.compile(
    r"(?<![\w/.+-])(?=[\w+-]{0,200}\d)(?=[\w+-]{0,200}[a-z])(?=[\w+-]{0,200}[A-Z])[A-Za-z0-9+_-]{32,500}={0,2}(?![\w/.])"
)
_NO_SECRET: Final = re.compile(
    r"hash|sha|md5|digest|commit|checksum|fingerprint|version|revision|model|path|uri|run_?id|uuid|image|name|feature|column|class",
    re.IGNORECASE,
)


def masked(path: str, value: str) -> str:
    """`value` of the setting at `path` without its secrets: "•••" for the whole, or in place of the secret in it."""
    if not value:
        return value
    parts = [part for part in re.split(r"[.\[\]]+", path[-400:]) if part]
    # All below a table named "secrets" is secret.
    if any(_is_secret(part, value, last=part is parts[-1]) for part in parts):
        return MASK
    if _OPAQUE.fullmatch(value) and not _NO_SECRET.search(path) and not _PLAIN.fullmatch(value):
        return MASK
    return masked_text(value)


def masked_text(text: str) -> str:
    """A line of a log, of code or of a configuration without the secrets that stand in it."""
    shown = _KEYS.sub(MASK, _LOGIN.sub(MASK, text[:TEXT_CAP]))
    shown = _ORACLE.sub(MASK, _PATHS.sub(MASK, shown))
    shown = _HEADER.sub(rf"\1{MASK}", shown)
    for option in (_OPTION, _USER, _MYSQL):
        shown = option.sub(rf"\1{MASK}", shown)
    shown = _STATED.sub(_without, shown)
    return _LONG.sub(MASK, shown) + text[TEXT_CAP:]


def _without(found: re.Match[str]) -> str:
    value = found["value"]
    quote = value[0] if value[0] in "'\"" else ""
    bare = value.strip("'\"")
    name = found["name"].rsplit(".", 1)[-1]
    # Code passes a secret on by its name: password=args.password.
    passed_on = not quote and bare.lower().endswith(name.lower())
    if not bare or passed_on or bare.lower() in _STATES or not _is_secret(name, bare, last=True):
        return found[0]
    return f"{found['name']}{found['sign']}{quote}{MASK}{quote}"


def _is_secret(name: str, value: str, *, last: bool) -> bool:
    """Whether what a setting of this name holds is a secret. last: the name is the setting's own, not that of a table above."""
    if _PLACEHOLDER.fullmatch(value):
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    while len(words) > 1 and words[-1] in ASIDE:
        words.pop()
    if not words:
        return False
    end, before = words[-1], words[-2] if len(words) > 1 else ""
    if end == "string" and before in ("connection", "conn"):
        end = "connection"
    pin = end == "pin" and re.fullmatch(r"\d{4,12}", value) is not None
    if pin:
        return True
    if _NUMBER.fullmatch(value):
        # "token: true" and "max_secret: 3" give nothing away.
        return False
    if end in STRONG or (end.endswith(ENDS) and not end.endswith(NO_ENDS)):
        if end in ("token", "tokens", "pass") and before in OF_MODELS:
            return _made(value)
        return last or end not in ("pass", "token", "tokens", "pat", "pw", "bearer")
    if any(word in ALWAYS for word in words):
        return end not in ABOUT or _made(value)
    if end in WEAK:
        if end in ("key", "keys") and before in OF_TABLES:
            return False
        return last and _odd(value) and (not _PLAIN.fullmatch(value) or (_made(value) and len(value) >= 32))
    strong = [
        word for word in words if word in ("password", "passwd", "passphrase", "secret", "secrets", "credential", "credentials")
    ]
    if strong:
        return end not in ABOUT or _made(value)
    return False


def _odd(value: str) -> bool:
    """No word, number, time, path or address."""
    return (
        len(value) >= 6
        and not re.fullmatch(r"[\d\s.,:;/TZ+-]+", value)
        and (_made(value) or re.fullmatch(r"[^\s./:@]{6,500}", value) is not None)
    )


def _made(value: str) -> bool:
    """It looks made by a machine: one word with digits and letters in both cases, or long with digits."""
    if re.search(r"\s", value) or len(value) < 8:
        return False
    digit, lower, upper = (re.search(kind, value) is not None for kind in (r"\d", "[a-z]", "[A-Z]"))
    return (
        digit and ((lower and upper) or len(value) >= 16) and (len(value) >= 32 or not re.fullmatch(r"[\w.-]*/[\w./-]*", value))
    )
