"""Small text files of any encoding: capped in size, with a plain sentence for what is none."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from diagnostics.nouns.refusal import BadInput

STRANGE: Final = 0.1
"""Share of bytes that are no text above which a file is none."""

_SIGNATURES: Final = (b"PK\x03\x04", b"\x80\x04\x95", b"\x80\x05\x95", b"%PDF", b"\x89PNG", b"PAR1", b"\x1f\x8b")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_text(path: Path, *, cap: int, too_large: str, no_text: str) -> str:
    """The text of `path` with plain line ends. too_large, no_text: message ids with {file:name}.

    Raises BadInput with one of them, OSError when the file cannot be opened.
    """
    if path.stat().st_size > cap:
        raise BadInput(too_large, file=path.name)
    content = path.read_bytes()
    text = _decoded(content)
    if text is None or "\x00" in text or text.count("�") > STRANGE * max(1, len(text)):
        raise BadInput(no_text, file=path.name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str | None:
    if content.startswith(_SIGNATURES):
        return None
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    if len(content) >= 4 and content[1::2].count(0) > 0.4 * len(content) / 2:
        # Windows PowerShell's > writes UTF-16, some versions without its mark.
        return content.decode("utf-16-le", "replace")
    for encoding in ("utf-8", "gb18030"):
        # Single accents of Western text also pass as GB18030; Chinese text is made of pairs of high bytes.
        if encoding != "utf-8" and _single(content) > 0.2:
            break
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    strange = sum(content.count(byte) for byte in (*range(9), *range(14, 32)))
    return content.decode("latin-1") if strange <= STRANGE * len(content) / 10 else None


def _single(content: bytes) -> float:
    """Share of the runs of bytes above 127 that are one byte long."""
    runs = re.findall(rb"[\x80-\xff]+", content[:100_000])
    return sum(len(run) == 1 for run in runs) / max(1, len(runs))
