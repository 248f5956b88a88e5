"""Links for reading: a second name for an incident, which opens it and changes nothing.

    home/
      .reading/<link>      holds the id of the incident
      <id>/.reader         holds the link that is valid now; another one there, or none, and the link leads nowhere

A page that was opened through such a link never learns the id: all that it could write goes through `store`, which refuses.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

READING: Final = re.compile(r"r-[A-Za-z0-9_-]{22}")
"""128 random bits that have nothing to do with those of the id."""

LINKS: Final = ".reading"
HELD: Final = ".reader"
CAP: Final = 64


def for_reading(name: str) -> bool:
    """Whether `name` is a link for reading rather than the id of an incident."""
    return READING.fullmatch(name) is not None


def leads_to(link: str, home: Path) -> str | None:
    """The id behind `link`; None where it leads nowhere, or no longer."""
    if not for_reading(link):
        return None
    incident = _content(home / LINKS / link)
    # A name out of a file becomes part of a path: it must look like one of ours.
    if re.fullmatch(r"[A-Za-z0-9_-]{22}", incident) is None or _content(home / incident / HELD) != link:
        return None
    return incident


def link_of(incident: str, home: Path) -> str | None:
    """The link for reading that is valid now; None where nobody asked for one."""
    link = _content(home / incident / HELD)
    return link if leads_to(link, home) == incident else None


def make(incident: str, home: Path) -> str:
    """A new link for reading; the one before it leads nowhere from now on. Raises OSError when the disk does not take it."""
    withdraw(incident, home)
    link = f"r-{secrets.token_urlsafe(16)}"
    (home / LINKS).mkdir(mode=0o700, exist_ok=True)
    for file, text in ((home / LINKS / link, incident), (home / incident / HELD, link)):
        scratch = file.with_name(f".{secrets.token_hex(8)}.part")
        scratch.touch(mode=0o600)
        scratch.write_text(text, encoding="ascii")
        scratch.rename(file)
    return link


def withdraw(incident: str, home: Path) -> None:
    """The link for reading leads nowhere from now on. Raises OSError when the disk does not take it."""
    link = _content(home / incident / HELD)
    (home / incident / HELD).unlink(missing_ok=True)
    if for_reading(link):
        (home / LINKS / link).unlink(missing_ok=True)


def _content(file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError), file.open(encoding="ascii") as text:
        return text.read(CAP)
    return ""
