"""Unpack a .zip of an incident folder: only the contract's files, only inside the target, never more than the caps."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_
from diagnostics.read.container import clutter

PARTS: Final = re.compile(
    r"""(incident\.yaml|expected\.yaml|record\.json
        |(reference|current)\.(csv|tsv|parquet|csv\.gz|tsv\.gz|txt|xls[xmb]?|ods|json|jsonl|ndjson|arrow|feather|orc|dta|sas7bdat|xpt)
        |model\.(onnx|skops|pkl|joblib)
        |clinic/[a-z_]{1,40}-[0-9a-f]{16}\.json
        |(environment|config|code|logs|metrics|training)/[\w][\w .+@=-]{0,150})""",
    re.VERBOSE,
)
"""Paths that an incident folder may hold (the contract's table)."""


@dataclass(frozen=True)
class ArchiveCaps:
    """Limits on an archive: files in it, bytes unpacked in all, and unpacked bytes per packed byte."""

    files: int = 500
    unpacked: int = 4 * 1024**3
    ratio: int = 200


def unpack(archive: Path, folder: Path, *, caps: ArchiveCaps = ArchiveCaps()) -> None:
    """Write the incident in `archive` into `folder` (made if need be). Raises BadInput and leaves nothing behind otherwise.

    A single top folder around the parts is taken off, as people zip the folder itself. Other files are refused by name, so that
    nobody wonders where they went; folder entries, hidden files and the clutter of macOS are passed over.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, archive.name, caps)
            folder.mkdir(parents=True, exist_ok=True)
            for info, path in members:
                target = folder.joinpath(*PurePosixPath(path).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(opened, info, target, caps)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadInput(
            N_("{file:name} is not a zip archive that can be read: pack the incident's folder again and retry."),
            file=archive.name,
        ) from error
    except BadInput:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _members(opened: zipfile.ZipFile, name: str, caps: ArchiveCaps) -> list[tuple[zipfile.ZipInfo, str]]:
    infos = [i for i in opened.infolist() if not i.is_dir() and not clutter(i.filename)]
    if len(infos) > caps.files:
        raise BadInput(
            N_(
                "{file:name} holds {count:count} files, more than the {cap:count} allowed: "
                "leave out what is not part of the incident."
            ),
            file=name,
            count=len(infos),
            cap=caps.files,
        )
    total = sum(i.file_size for i in infos)
    packed = max(1, sum(i.compress_size for i in infos))
    if total > caps.unpacked or (total > 50 * 1024**2 and total / packed > caps.ratio):
        raise BadInput(
            N_("{file:name} would unpack to {size:number} MB, more than allowed: give the files themselves."),
            file=name,
            size=total / 1e6,
        )
    paths = [i.filename for i in infos]
    tops = {path.split("/", 1)[0] for path in paths if "/" in path}
    wrapped = len(tops) == 1 and all("/" in p for p in paths) and not all(PARTS.fullmatch(p) for p in paths)
    members, seen = [], set()
    for info in infos:
        path = info.filename.split("/", 1)[1] if wrapped else info.filename
        if not PARTS.fullmatch(path) or path.lower() in seen:
            raise BadInput(
                N_("{file:name} holds {member:name}, which is no part of an incident folder: take it out and retry."),
                file=name,
                member=info.filename,
            )
        seen.add(path.lower())
        members.append((info, path))
    if not members:
        raise BadInput(N_("{file:name} is an empty archive: pack the incident's folder again."), file=name)
    return members


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, caps: ArchiveCaps) -> None:
    # The header's size may lie, so the bytes are counted as they come.
    left = min(info.file_size, caps.unpacked)
    with opened.open(info) as source, target.open("wb") as sink:
        while block := source.read(1024 * 1024):
            left -= len(block)
            if left < 0:
                raise BadInput(N_("{file:name} unpacks to more than it declares: give the files themselves."), file=info.filename)
            sink.write(block)
