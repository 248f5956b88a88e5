"""Which encoding a text file has, and the file as UTF-8.

charset-normalizer judges legacy encodings; before it come the cases that need no judgement (byte order marks, valid
UTF-8, UTF-16 without a mark), and after it a preference for encodings that people really use.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from charset_normalizer import from_bytes

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read.caps import Caps

SAMPLE: Final = 2**16
"""Bytes with a non-ASCII character near them that are judged; more does not change the verdict."""

CHUNK: Final = 2**22

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

ASIAN: Final = ("gb18030", "cp932", "euc_jp", "euc_kr", "big5")
SINGLE: Final = ("cp1252", "latin_1", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "cp1256", "cp1255", "mac_roman")

logging.getLogger("charset_normalizer").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Scan:
    """One look at every byte. fingerprint: sha256 in hex. size: in bytes. ascii: no byte above 127. nuls: a zero byte occurs.

    lines: line feeds in the file, 0 where they cannot come near the cap on rows. head: its first 4 MiB. underscored: somewhere an
    underscore stands between digits, as in codes that the engine would take for numbers.
    """

    fingerprint: str
    size: int
    ascii: bool
    nuls: bool
    lines: int
    head: bytes
    underscored: bool = False


def scan(file: Path, caps: Caps) -> Scan:
    """Raises BadInput when a line has no end within the cap (no newline in a whole aligned block of that size)."""
    digest, ascii_only, nuls, size, lines, head = hashlib.sha256(), True, False, 0, 0, b""
    tail_since_break, near, underscored = 0, False, False
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            ascii_only = ascii_only and chunk.isascii()
            nuls = nuls or b"\0" in chunk
            underscored = underscored or _underscored(chunk)
            if not size:
                head = chunk
                near = file.stat().st_size * chunk.count(b"\n") > 0.3 * caps.rows * len(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n") if near else 0
            tail_since_break = _check_lines(chunk, tail_since_break, caps.line)
    return Scan(digest.hexdigest(), size, ascii_only, nuls, lines, head, underscored)


def _underscored(chunk: bytes) -> bool:
    """An underscore stands between two digits."""
    if b"_" not in chunk:
        return False
    codes = np.frombuffer(chunk, dtype=np.uint8)
    at = np.flatnonzero(codes[1:-1] == ord("_"))
    before, after = codes[at] - ord("0"), codes[at + 2] - ord("0")
    # Below "0" the difference wraps around, so that one comparison is enough.
    return bool(((before < 10) & (after < 10)).any())


def _check_lines(chunk: bytes, since_break: int, cap: int) -> int:
    """Bytes since the last line break after `chunk`; hops from break to break in steps of the cap, so it costs nothing."""
    position, start = 0, -since_break
    while True:
        # The furthest break within reach of the current line's start.
        reach = max(0, start + cap + 2)
        if reach >= len(chunk):
            last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            return len(chunk) - 1 - last if last >= 0 else since_break + len(chunk)
        last = max(chunk.rfind(b"\n", position, reach), chunk.rfind(b"\r", position, reach))
        if last < 0:
            raise endless(cap)
        start = position = last + 1


def endless(cap: int) -> BadInput:
    return BadInput(
        N_(
            "A line of the file is longer than {cap:count} bytes: "
            "give a table with one record per line, and only the columns that the model uses."
        ),
        cap=cap,
    )


def detect(head: bytes, seen: Scan | None = None) -> str:
    """The codec of a file that begins with `head`. Text without any sign to the contrary is UTF-8."""
    for mark, codec in MARKS:
        if head.startswith(mark):
            return codec
    if (sided := wide(head)) is not None:
        return sided
    if (seen is not None and seen.ascii) or head.isascii():
        return "utf-8"
    if (share := _valid_utf8(head)) > 0.9:
        return "utf-8"
    return _legacy(_around_high_bytes(head), mostly_utf8=share > 0.5)


def wide(head: bytes) -> str | None:
    """UTF-16 without a mark: the zero bytes of its digits and separators all stand on one side."""
    head = head[:SAMPLE]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if max(even, odd) < 0.1 * half or min(even, odd) > 0.1 * max(even, odd):
        return None
    codec = "utf-16-le" if odd > even else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(codec, errors="replace")
    strange = sum(unicodedata.category(c) in ("Cn", "Co", "Cc") and c not in "\r\n\t" for c in text)
    return codec if strange <= 0.02 * len(text) else None


def _valid_utf8(head: bytes) -> float:
    """Share of the non-ASCII sequences that are valid UTF-8, between 0 and 1."""
    text = head.decode("utf-8", errors="replace")
    bad = text.count("\ufffd") - head.count("\ufffd".encode())
    good = sum(1 for c in text if c > "\x7f") - bad
    # A cut character at the very end is no fault.
    if bad and len(head) >= CHUNK:
        bad -= 1
    return good / (good + bad) if good + bad else 1.0


_HIGH: Final = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")


def _around_high_bytes(head: bytes) -> bytes:
    """Lines with non-ASCII bytes, whole, up to `SAMPLE` bytes: the ASCII ones tell nothing."""
    lines: list[bytes] = []
    size = 0
    for match in _HIGH.finditer(head):
        lines.append(match[0])
        size += len(match[0])
        if size > SAMPLE:
            break
    return b"\n".join(lines)


def _legacy(sample: bytes, *, mostly_utf8: bool) -> str:
    if mostly_utf8:
        return "utf-8"
    fits = {codec: quality for codec in ASIAN if (quality := _asian(sample, codec)) is not None}
    if fits:
        best = max(fits, key=lambda codec: (fits[codec], -ASIAN.index(codec)))
        if fits[best] > 0.85:
            return best
    if _latin(sample) > 0.9:
        return "cp1252"
    if _turkish(sample):
        return "cp1254"
    result = from_bytes(sample[:SAMPLE], cp_isolation=[*ASIAN, *SINGLE], threshold=0.5).best()
    return result.encoding if result is not None else "cp1252"


def _asian(sample: bytes, codec: str) -> float | None:
    """How much like writing the decoded text is (0 to 1); None when it is no text of this codec."""
    text = sample.decode(codec, errors="replace")
    high = [c for c in text if c > "\x7f"]
    pairs = sum(1 for c in high if c >= "\u0250")
    if not high or text.count("\ufffd") > 0.01 * len(high):
        return None
    common = 0.0
    kana = sum("\u3041" <= c <= "\u30fe" for c in high)
    for c in high:
        if "\u3041" <= c <= "\u30fe" or "\u3000" <= c <= "\u3011" or "\uff01" <= c <= "\uff5e":
            common += 1
        elif "\u4e00" <= c <= "\u9fff":
            common += 1 if _frequent(c) else 0.35
        elif "\uac00" <= c <= "\ud7a3" and codec == "euc_kr":
            common += 1 if _hangul(c) else 0.3
    score = common / len(high) if pairs else 0.0
    if codec == "euc_kr" and len(high) >= 6 and sum("\uac00" <= c <= "\ud7a3" for c in high) >= 0.95 * len(high):
        # The same bytes are common Chinese characters; that all of them are syllables is no accident.
        score += 0.05
    if codec in ("cp932", "euc_jp") and not kana:
        score *= 0.93
    # Accented letters inside Latin words decode to a rare ideograph glued to letters.
    glued = len(re.findall(r"[a-z][\u4e00-\u9fff\uac00-\ud7a3][a-z]", text))
    return score * (0.3 if glued > 0.2 * len(high) else 1.0)


def _frequent(c: str) -> bool:
    """Level-1 characters of GB 2312, JIS X 0208 or Big5: the some 3,000 to 5,400 that nearly all text is written with."""
    for codec, low, top in (("gb2312", 0xB0, 0xD7), ("euc_jp", 0xB0, 0xCF), ("big5", 0xA4, 0xC6)):
        try:
            code = c.encode(codec)
        except UnicodeEncodeError:
            continue
        if len(code) == 2 and low <= code[0] <= top:
            return True
    return False


def _hangul(c: str) -> bool:
    try:
        return len(c.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def _turkish(sample: bytes) -> bool:
    """All letters beyond ASCII are those of Turkish, and some are its own: in other encodings they are a mixture of nobody's."""
    letters = {c for c in sample.decode("cp1254", errors="replace") if c > "\x7f" and c.isalpha()}
    return len(letters) >= 2 and letters <= set("çÇğĞıİöÖşŞüÜâîû") and bool(letters & set("ğĞıİşŞ"))


def _latin(sample: bytes) -> float:
    """Share of the high bytes that are Western letters or signs where such stand: beside Latin letters, alone."""
    text = sample.decode("cp1252", errors="replace")
    matches = list(re.finditer(r"[^\x00-\x7f]+", text))
    plausible = total = 0
    for match in matches:
        run = match[0]
        total += len(run)
        before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 1]
        beside_letter = before.isalpha() or after.isalpha()
        letters = all(c in "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœŠšŽž" for c in run)
        signs = all(c in "€£¥§°±²³µ·½¼¾«»–—‘’“”…•™®© ¿¡ºª×÷" for c in run)
        if (letters and len(run) <= 2 and beside_letter) or (signs and len(run) <= 2):
            plausible += len(run)
    return plausible / total if total else 1.0


@dataclass(frozen=True)
class Transcoded:
    """The file as UTF-8 without a mark. bad: characters that could not be decoded; bad_line: the first such line."""

    path: Path
    bad: int
    bad_line: int
    nuls: int


def transcode(source: Path, codec: str, target: Path, caps: Caps) -> Transcoded:
    """`source` as UTF-8 without a mark, line ends as they are; zero characters are taken out and counted."""
    decoder = codecs.getincrementaldecoder("utf-8" if codec == "utf-8-sig" else codec)(errors="replace")
    bad = nuls = bad_line = since_break = 0
    line = 1
    first = True
    with source.open("rb") as stream, target.open("w", encoding="utf-8", newline="") as out:
        while True:
            chunk = stream.read(CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            if count := text.count("\0"):
                nuls += count
                text = text.replace("\0", "")
            if "\ufffd" in text:
                if not bad:
                    bad_line = line + _breaks(text[: text.index("\ufffd")])
                bad += text.count("\ufffd")
            line += _breaks(text)
            last = max(text.rfind("\n"), text.rfind("\r"))
            since_break = len(text) - 1 - last if last >= 0 else since_break + len(text)
            if since_break > caps.line:
                raise endless(caps.line)
            out.write(text)
            if not chunk:
                return Transcoded(target, bad, bad_line, nuls)


def _breaks(text: str) -> int:
    return text.count("\n") or text.count("\r")
