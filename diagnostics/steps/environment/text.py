"""Small text files of any encoding, capped, with plain sentences for what is none."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from diagnostics.finding import BadInput
from diagnostics.words import N_

CAP: Final = 4 * 1024 * 1024


def read_text(file: Path) -> str:
    """The text of `file`. Raises BadInput for a missing, empty, binary or endless file."""
    if not file.is_file():
        raise BadInput(N_("There is no file {file:name}: check the path."), file=str(file))
    if file.stat().st_size > CAP:
        raise BadInput(N_("{file:name} is larger than 4 MB: that is no requirements or configuration file."), file=file.name)
    content = file.read_bytes()
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise BadInput(N_("{file:name} is empty."), file=file.name)
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace").replace("\r\n", "\n")
    if len(content) >= 4 and content[1::2].count(0) > 0.4 * len(content) / 2:
        # PowerShell's > writes UTF-16, often without its mark.
        return content.decode("utf-16-le", "replace").replace("\r\n", "\n")
    if b"\x00" in content or content.startswith((b"PK\x03\x04", b"\x80\x04\x95", b"\x80\x05\x95", b"%PDF", b"\x89PNG")):
        raise BadInput(N_("{file:name} is not a text file."), file=file.name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
