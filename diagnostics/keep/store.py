"""Incidents on disk: one folder each, under an id that nobody can guess. Knows files, not what they mean.

    home/
      <id>/                the contract's incident folder
        reference.csv  current.csv  incident.yaml  logs/...
        clinic/            what runs of the clinic found, as JSON; packed, and no part of what an investigation reads
        tables/            what was read, written by `open_incident`; can be rebuilt, so it is never packed
        .title             what people call it now, where somebody renamed it
      .rules.json        what people expect of the columns
      .names.json        what uploaded files were called before they got the contract's names
      .reader  .used       its link for reading, and when it was last used

Every write goes to a hidden file beside its target, is flushed to the disk and then renamed: whoever reads sees the old file or
the new one, never half of one. Names that people give are never used as paths, except inside a part's own folder after cleaning.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

import yaml

from diagnostics.keep import links
from diagnostics.nouns.documents import load_json
from diagnostics.nouns.incident import Roles
from diagnostics.nouns.refusal import BadInput, MachineFault
from diagnostics.nouns.words import N_
from diagnostics.read import stated as statement
from diagnostics.read.archive import unpack
from diagnostics.read.folder import MAY_BE_NONE
from diagnostics.read.stated import KEYS
from diagnostics.read.uploads import PARTS, UNTITLED, clean, file_name, last, title_of

HOME: Final = "MODEL_CLINIC_HOME"
CAP: Final = "MODEL_CLINIC_UPLOAD_MB"
DEFAULT_CAP_MB: Final = 1024
"""Megabytes of one uploaded file; the browser's own limit in .streamlit/config.toml is the same."""

ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
"""What `secrets.token_urlsafe(16)` gives: 128 random bits."""

CALLED: Final = ".title"
NAMES: Final = ".names.json"
RULES: Final = ".rules.json"
READ_AGAIN: Final = "tables"
"""Name of the folder that holds what can be rebuilt."""

RESULTS: Final = "clinic"
RESULTS_CAP: Final = 100
"""Results of the clinic that an incident keeps; the oldest makes room for a new one."""

RESULT_NAME: Final = re.compile(r"[a-z_]{1,40}-[0-9a-f]{16}\.json")

READ_ONLY: Final = N_("This link is for reading only: nothing can be changed, and no file taken along, through it.")

SIDES: Final = ("reference", "current")

BLOCK: Final = 1024 * 1024
FILES_CAP: Final = 200
"""Files in one part's folder."""


def home() -> Path:
    """The folder of all incidents: MODEL_CLINIC_HOME, or var/incidents below the working directory."""
    return Path(os.environ.get(HOME) or Path("var") / "incidents").absolute()


def create() -> str:
    """A new incident that holds nothing but a title. Raises BadInput when the disk does not take it."""
    made = secrets.token_urlsafe(16)
    with disk():
        (home() / made).mkdir(parents=True, mode=0o700)
    # Without a title, a report would be headed by the folder's name, which is the secret of the link.
    describe(made, {"title": UNTITLED})
    return made


def valid(incident: str) -> bool:
    """Whether this can be an id at all; nothing else ever becomes part of a path."""
    return ID.fullmatch(incident) is not None


def exists(incident: str) -> bool:
    """Whether an incident goes by this id, or by this link for reading."""
    behind = links.leads_to(incident, home()) if links.for_reading(incident) else incident
    return behind is not None and valid(behind) and (home() / behind).is_dir()


def identity(incident: str) -> str:
    """The id of `incident`, which may be given as a link for reading. Raises BadInput when there is no such incident."""
    if not exists(incident):
        raise BadInput(N_("There is no incident under this link: it was deleted, or the link is cut off."))
    return links.leads_to(incident, home()) or incident


def folder(incident: str) -> Path:
    """The folder of `incident`. Raises BadInput when there is no such incident."""
    return home() / identity(incident)


def writable(incident: str) -> Path:
    """The folder of `incident`, to change it or to take its files along. Raises BadInput through a link for reading."""
    if links.for_reading(incident):
        raise BadInput(READ_ONLY)
    return folder(incident)


def work(incident: str) -> Path:
    """Where the tables of `incident` are kept after reading."""
    return folder(incident) / READ_AGAIN


def save_upload(incident: str, part: str, filename: str, content: bytes | IO[bytes]) -> str:
    """Write an upload and return its path inside the incident's folder. An older file of a part that holds one file is replaced.

    Raises BadInput when the part does not take this kind of file, when it is empty or too large, or when the disk is full;
    what was there before is then still there.
    """
    place = PARTS[part]
    name = file_name(place, filename)
    base = writable(incident) / place.folder if place.folder else writable(incident)
    target = base / name
    if not place.fixed and base.is_dir() and not target.exists() and sum(1 for _ in _visible(base)) >= FILES_CAP:
        raise BadInput(N_("There are already {cap:count} files of this kind: remove some first."), cap=FILES_CAP)
    cap = int(os.environ.get(CAP, DEFAULT_CAP_MB)) * 1_000_000
    stream: IO[bytes] = io.BytesIO(content) if isinstance(content, bytes) else content
    blocks: Iterable[bytes] = _capped(stream, cap, filename)
    if part == "incident":
        content = stream.read(statement.BYTES_CAP + 1)
        statement.parse(content)
        blocks = _capped(io.BytesIO(content), cap, filename)
    _write(target, blocks)
    if place.fixed:
        with disk():
            # What was read from the file before must not outlive it.
            (work(incident) / f"{place.fixed}.json").unlink(missing_ok=True)
            for old in _visible(base):
                if old != target and old.name.split(".")[0] == place.fixed and old.name.lower().endswith(place.endings):
                    old.unlink()
    path = str(target.relative_to(folder(incident)))
    _write(writable(incident) / NAMES, [json.dumps({**names(incident), path: last(filename)}).encode()])
    title = stated(incident).get("title")
    if not title or (part == "current" and title == UNTITLED):
        describe(incident, {"title": title_of(filename) if part == "current" else UNTITLED})
    return path


def names(incident: str) -> dict[str, str]:
    """What the uploaded files were called by whoever gave them, by their path in the incident's folder."""
    file = folder(incident) / NAMES
    try:
        held = load_json(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(path): str(name) for path, name in held.items()} if isinstance(held, dict) else {}


def rules(incident: str) -> bytes | None:
    """What people expect of the columns, as it was kept; None where nobody said anything."""
    file = folder(incident) / RULES
    return file.read_bytes() if file.is_file() else None


def keep_rules(incident: str, content: bytes) -> None:
    """Keep what people expect of the columns. Not in incident.yaml: it is no evidence, and nothing is to be checked again."""
    _write(writable(incident) / RULES, [content])


def exchange(incident: str) -> None:
    """Make the reference the current table and the reverse; what was stated about the columns stays.

    Raises BadInput when one of the two is missing, or when the disk refuses.
    """
    base = writable(incident)
    found: dict[str, Path] = {}
    for file in _visible(base):
        side = file.name.split(".")[0]
        if side in SIDES and file.name.lower().endswith(PARTS[side].endings):
            found[side] = file
    if len(found) < len(SIDES):
        raise BadInput(N_("Only one of the two tables was given, so there is nothing to exchange."))
    left, right = (found[side] for side in SIDES)
    aside = base / f".{secrets.token_hex(4)}.part"
    with disk():
        for side in SIDES:
            (work(incident) / f"{side}.json").unlink(missing_ok=True)
        os.replace(left, aside)
        try:
            os.replace(right, base / f"reference{right.name[len('current') :]}")
        except OSError:
            os.replace(aside, left)
            raise
        os.replace(aside, base / f"current{left.name[len('reference') :]}")
        _flush(base)
    called_before = names(incident)
    moved = {
        f"reference{right.name[len('current') :]}": called_before.pop(right.name, ""),
        f"current{left.name[len('reference') :]}": called_before.pop(left.name, ""),
    }
    _write(base / NAMES, [json.dumps({**called_before, **{path: name for path, name in moved.items() if name}}).encode()])


def remove(incident: str, path: str) -> None:
    """Remove one uploaded file. Raises BadInput when it is none of the incident's files."""
    known = {str(file.relative_to(writable(incident))): file for file in files(incident)}
    if path not in known:
        raise BadInput(N_("This incident holds no file of that name."))
    with disk():
        known[path].unlink()
    if path == "incident.yaml":
        describe(incident, {"title": UNTITLED})


def files(incident: str) -> list[Path]:
    """Every file of the contract that the incident holds, sorted by path."""
    base = folder(incident)
    inside = list(_visible(base))
    for name in sorted({place.folder for place in PARTS.values() if place.folder}):
        if (base / name).is_dir():
            inside += _visible(base / name)
    return sorted(inside)


def stamp(incident: str) -> str:
    """Changes whenever a file of the incident does; cheap, reads no content."""
    digest = hashlib.sha256()
    for file in files(incident):
        with suppress(FileNotFoundError):
            seen = file.stat()
            digest.update(f"{file.relative_to(folder(incident))}|{seen.st_size}|{seen.st_mtime_ns}\n".encode(errors="replace"))
    return digest.hexdigest()


def stated(incident: str) -> dict[str, Any]:
    """What incident.yaml says; empty when there is none. Raises BadInput, which names the key, when it says what cannot be."""
    with disk():
        return statement.read(folder(incident) / statement.FILE)


def describe(incident: str, said: Mapping[str, Any], *, none: Set[str] = frozenset()) -> None:
    """Put these keys into incident.yaml beside those that are there.

    A key whose value is None is taken out and guessed again; the keys in `none` are written without a value: there is none.
    """
    target = writable(incident) / "incident.yaml"
    before = stated(incident)
    merged = {**before, **said}
    empty = {key for key in before if key in MAY_BE_NONE and key not in said} | set(none)
    kept = {key: merged.get(key) for key in KEYS if merged.get(key) is not None or key in empty}
    text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, default_flow_style=False)
    _write(target, [text.encode()])


def called(incident: str) -> str:
    """The title that people gave the incident, else the one in incident.yaml. Raises BadInput when there is no such incident."""
    file = folder(incident) / CALLED
    if file.is_file():
        return file.read_text(encoding="utf-8")
    try:
        return str(stated(incident).get("title") or "")
    except BadInput:
        return ""  # Opening the incident says what is wrong in incident.yaml; until then it has no title.


def call(incident: str, title: str) -> None:
    """Give the incident a title. Not in incident.yaml: a new name is no new evidence, and nothing is to be checked again."""
    _write(writable(incident) / CALLED, [title.encode()])


def write_roles(incident: str, roles: Roles, *, none: Set[str] = frozenset(), task: str | None = None) -> None:
    """Keep what a person stated about the columns. Roles without a column are guessed again, except those in `none`."""
    said: dict[str, Any] = {
        "task": task,
        "target": roles.target,
        "prediction": roles.prediction,
        "timestamp": roles.timestamp,
        "id": roles.id,
        "positive": roles.positive,
        "segments": list(roles.segments) or None,
        "group": roles.group,
        "calendar": list(roles.calendar) or None,
    }
    describe(incident, said, none=none)


def keep_result(incident: str, name: str, content: bytes) -> None:
    """Keep what a run of the clinic found. Raises BadInput when the disk does not take it."""
    if RESULT_NAME.fullmatch(name) is None:
        raise ValueError(f"a result is named like fit-0123456789abcdef.json, got {name!r}")
    _write(writable(incident) / RESULTS / name, [content])
    for old in results(incident)[RESULTS_CAP:]:
        with suppress(FileNotFoundError):
            old.unlink()


def results(incident: str, module: str = "") -> list[Path]:
    """Results of the clinic (of one module), the newest first."""
    base = folder(incident) / RESULTS
    if not base.is_dir():
        return []
    found = [f for f in _visible(base) if RESULT_NAME.fullmatch(f.name) and (not module or f.name.rpartition("-")[0] == module)]
    dated = []
    for file in found:
        with suppress(FileNotFoundError):
            dated.append((-file.stat().st_mtime_ns, file.name, file))
    return [file for _, _, file in sorted(dated)]


def pack(incident: str, *, extra: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """The incident as a .zip that `restore` takes, with `extra` files by name; the same files give the same bytes."""
    base = writable(incident)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in [*files(incident), *sorted(results(incident))]:
            # A fixed date, so that one incident packs to the same bytes on any day.
            entry = zipfile.ZipInfo(file.relative_to(base).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w", force_zip64=True) as into, file.open("rb") as source:
                shutil.copyfileobj(source, into, BLOCK)
        for name, content in sorted(extra.items()):
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def restore(archive: bytes | IO[bytes], *, name: str = "archive.zip") -> str:
    """A new incident from a .zip. Raises BadInput when it is none, when it holds foreign paths, or when it is too large."""
    made = secrets.token_urlsafe(16)
    stream: IO[bytes] = io.BytesIO(archive) if isinstance(archive, bytes) else archive
    # Unpacked where no id leads, renamed when complete: nobody can open half an incident.
    scratch = home() / f".{made}"
    packed = home() / f".{made}.part" / (clean(name) or "archive.zip")
    cap = int(os.environ.get(CAP, DEFAULT_CAP_MB)) * 1_000_000
    try:
        _write(packed, _capped(stream, cap, name))
        with disk():
            unpack(packed, scratch)
            (scratch / "expected.yaml").unlink(missing_ok=True)
            statement.read(scratch / statement.FILE)
            scratch.chmod(0o700)
            scratch.rename(home() / made)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(packed.parent, ignore_errors=True)
    if not stated(made).get("title"):
        describe(made, {"title": title_of(name)})
    return made


def _visible(base: Path) -> Iterator[Path]:
    return (f for f in sorted(base.iterdir()) if f.is_file() and not f.is_symlink() and not f.name.startswith("."))


def _capped(stream: IO[bytes], cap: int, filename: str) -> Iterator[bytes]:
    total = 0
    while block := stream.read(BLOCK):
        total += len(block)
        if total > cap:
            raise BadInput(
                N_("{file:name} is larger than {cap:number} MB: give a sample of its rows, or raise {setting} and restart."),
                file=last(filename),
                cap=cap / 1_000_000,
                setting=CAP,
            )
        yield block
    if not total:
        raise BadInput(N_("{file:name} is empty: choose the file again."), file=last(filename))


def _write(target: Path, blocks: Iterable[bytes]) -> None:
    """All or nothing. Raises BadInput when the disk does not take it."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with disk():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with part.open("wb") as sink:
                for block in blocks:
                    sink.write(block)
                sink.flush()
                os.fsync(sink.fileno())
            os.replace(part, target)
            _flush(target.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _flush(directory: Path) -> None:
    # A rename is only safe from a power cut once its folder is on the disk too.
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk() -> Iterator[None]:
    """What the disk refuses inside becomes a MachineFault."""
    try:
        yield
    except OSError as error:
        raise MachineFault(
            N_(
                "The disk of the incidents (MODEL_CLINIC_HOME) refused ({reason}). What was there before is unchanged; free some "
                "space on it and try again."
            ),
            reason=error.strerror or type(error).__name__,
        ) from error
