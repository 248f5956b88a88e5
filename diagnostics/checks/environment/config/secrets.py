"""Secrets in settings: found by name and by look, and masked before anybody sees them."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "•••"

_STRONG: Final = re.compile(r"passw(?:or)?d|passphrase|passwd|(?:^|[_-])pwd(?:$|[_-])|secret|credential", re.IGNORECASE)
"""In any part of a path: all below a table named "secrets" is secret."""

_NAME: Final = re.compile(
    r"(?:^|[_-]|[a-z](?=T))(?:auth|bearer|access|refresh|api|id|session|csrf|bot|hf|github|gitlab|slack)?[_-]?token$"
    r"|(?:api|access|private|signing|encryption|service|account|storage|master|ssh|license|auth|subscription|rapidapi)[_-]?key$"
    r"|authorization|(?:^|[_-])dsn$|connection[_-]?string|webhook|signature$|(?:^|[_-])salt$|(?:^|[_-])pin$|cookie$",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(
    r"(?:sk-|pk-|rk_|sk_live_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|AKIA|ASIA|AIza|ya29\.|hf_|npm_|pypi-|dckr_pat_|SG\.)"
    r"[\w./+=-]{10,400}|eyJ[\w-]{10,2000}\.[\w.-]{0,4000}|\b[Bb]earer [\w.~+/=-]{8,2000}|-----BEGIN[\s\S]{0,8000}"
)
_LOGIN: Final = re.compile(r"(?<=://)[^\s/@]{1,300}:[^\s/@]{0,300}(?=@)|(?<=://):?[^\s/@:]{8,300}(?=@)")
_STATED: Final = re.compile(
    r"(?i)(?P<name>(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|accountkey|(?<=[?&])sig)"
    r"(?:\s{0,3}[=:]\s{0,3}|(?<=--password)\s|(?<=--token)\s|(?<=--api-key)\s))[^\s;&,'\"]{3,400}"
)
_OPAQUE: Final = re.compile(r"(?=[^\d]{0,200}\d)(?=[^A-Za-z]{0,200}[A-Za-z])[A-Za-z0-9+_=-]{32,500}")
_NO_SECRET: Final = re.compile(
    r"hash|sha|md5|digest|commit|checksum|fingerprint|version|revision|model|path|uri|run_?id|uuid|image|name|feature|column|class",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"[+-]?\d{1,4}(?:\.\d{1,12})?|true|false|yes|no|null|none", re.IGNORECASE)


def masked(path: str, value: str) -> str:
    """`value` of the setting at `path` without its secrets: "•••" for the whole, or in place of the login of an address."""
    if not value:
        return value
    parts = re.split(r"[.\[\]]+", path)
    named = any(_STRONG.search(part) for part in parts) or bool(
        _NAME.search(parts[-1] or parts[-2] if len(parts) > 1 else parts[-1])
    )
    # "token: true" and "max_secret: 3" give nothing away.
    if named and not _NUMBER.fullmatch(value):
        return MASK
    if _OPAQUE.fullmatch(value) and not _NO_SECRET.search(path):
        return MASK
    value = _STATED.sub(rf"\g<name>{MASK}", _LOGIN.sub(MASK, value))
    return _VALUE.sub(MASK, value)
