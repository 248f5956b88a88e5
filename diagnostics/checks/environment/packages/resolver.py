"""The real resolver, on request: `uv pip compile` in a process of its own, which builds nothing and runs nothing of a package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from diagnostics.checks.environment.packages.pins import Environment, Pin, python_of
from diagnostics.checks.environment.packages.remedies import lines_of
from diagnostics.nouns.words import N_

SECONDS: Final = 60.0
RETRIES: Final = 30
TEXT_CAP: Final = 2_000
_LATE: Final = N_("The resolver did not come to an end in time for {file:name}.")
_SOURCE_ONLY: Final = re.compile(r"([A-Za-z0-9][\w.-]*)==\S+ has no (?:usable )?wheels")
_KEPT: Final = re.compile(
    r"(?i)(?:https?|no|all)_proxy|ssl_cert_(?:file|dir)|uv_(?:index|default_index|index_url|native_tls)|path|systemroot"
)
_NO_BUILD: Final = re.compile(
    r"building (?:\S+ )?(?:\S+ )?is disabled|no usable wheels|no wheels with|has no wheels|only source", re.IGNORECASE
)
_UNREACHED: Final = re.compile(
    r"failed to fetch|request failed|dns error|could ?n[o']t connect|error sending request|timed out|connection|network"
    r"|certificate|status code|forbidden",
    re.IGNORECASE,
)


class Answer(StrEnum):
    AGREES = "agrees"
    CONFLICT = "conflict"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Resolution:
    """says: a message id with {file:name}. text: what the resolver printed, shortened; versions: what it chose.

    left_out: packages that exist as source only.
    """

    file: str
    answer: Answer
    says: str
    text: str = ""
    versions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def resolver() -> str | None:
    """The path of uv: beside this Python, else on the path."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def resolve(environment: Environment, *, seconds: float = SECONDS) -> Resolution:
    """Whether some set of versions satisfies the file, asked of the package index. Never raises for what uv does.

    Packages that exist as source only are left out one by one, since none is built here; the answer then holds for the rest.
    """
    program = resolver()
    if program is None:
        says = N_(
            "The resolver uv is not installed here, so {file:name} was only held against known needs. "
            "Install it beside this app (pip install uv) and ask again."
        )
        return Resolution(environment.file, Answer.UNSURE, says)
    end = time.monotonic() + seconds
    pins, answer = dict(environment.pins), Resolution(environment.file, Answer.UNSURE, "")
    for _ in range(RETRIES):
        answer = _asked(program, environment, pins, end - time.monotonic())
        names = {str(canonicalize_name(name)) for name in _SOURCE_ONLY.findall(answer.text)} & pins.keys()
        if answer.answer is not Answer.UNSURE or not names:
            break
        for name in names:
            del pins[name]
    left_out = tuple(name for name in environment.pins if name not in pins)
    return replace(answer, left_out=left_out)


def _asked(program: str, environment: Environment, pins: Mapping[str, Pin], seconds: float) -> Resolution:
    file = environment.file
    if seconds <= 0:
        return Resolution(file, Answer.UNSURE, _LATE)
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as folder:
        asked = Path(folder, "requirements.in")
        # Names and versions only: no address, no option and no path of the file reaches the resolver.
        asked.write_text("".join(f"{line}\n" for line in lines_of(pins)), encoding="utf-8")
        command = [program, "pip", "compile", "--no-build", "--no-config", "--no-header", "--no-annotate", "--color", "never"]
        command += ["--no-python-downloads", "--python", sys.executable, "--cache-dir", str(Path(folder, "cache"))]
        kept = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)} | {"HOME": folder}
        try:
            done = subprocess.run(
                [*command, *_version(environment), str(asked)],
                capture_output=True,
                text=True,
                timeout=seconds,
                cwd=folder,
                env=kept,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Resolution(file, Answer.UNSURE, _LATE)
        except OSError:
            says = N_("The resolver could not be started, so {file:name} was only held against known needs.")
            return Resolution(file, Answer.UNSURE, says)
    return read_answer(file, done.returncode, done.stdout, done.stderr)


def _version(environment: Environment) -> list[str]:
    python = python_of(environment)
    release = python.version.release if python is not None and python.version is not None else ()
    return ["--python-version", f"{release[0]}.{release[1]}"] if len(release) > 1 else []


def read_answer(file: str, code: int, printed: str, complained: str) -> Resolution:
    if code == 0:
        versions = tuple(line for line in printed.splitlines() if "==" in line)
        return Resolution(
            file, Answer.AGREES, N_("The resolver found versions that satisfy all of {file:name}."), versions=versions
        )
    text = " ".join(re.sub(r"[│╰╭─▶×╮╯├]+", " ", complained).split())[:TEXT_CAP]
    if _NO_BUILD.search(text):
        says = N_(
            "The resolver cannot say for {file:name}: a package has no ready-made build for this Python, and none is built here."
        )
        return Resolution(file, Answer.UNSURE, says, text)
    if "No solution found" in text or "unsatisfiable" in text:
        return Resolution(file, Answer.CONFLICT, N_("The resolver found no versions that satisfy all of {file:name}."), text)
    if _UNREACHED.search(text):
        return Resolution(
            file, Answer.UNSURE, N_("The package index cannot be reached, so {file:name} was only held against known needs.")
        )
    return Resolution(file, Answer.UNSURE, N_("The resolver stopped without an answer for {file:name}."), text)
