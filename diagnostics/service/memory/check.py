"""Memory: which line of the service grows, by a recording of it, joined to its code and to its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import numpy as np

from diagnostics.checks.environment.serving.check import look
from diagnostics.checks.operations.metrics.check import LEAK, Climb
from diagnostics.checks.operations.metrics.check import judge as judge_metrics
from diagnostics.checks.operations.metrics.check import profile as profile_metrics
from diagnostics.clinic.shared.compare import Progress, ignore_progress
from diagnostics.code.notebook import read_code
from diagnostics.code.serving import Kind
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_
from diagnostics.service.memory.recording import Recording, Tool, read_recording
from diagnostics.service.memory.restarts import Planned
from diagnostics.service.memory.rules import (
    CLIMBS,
    GROWING,
    HEAVY,
    KEPT,
    OUTSIDE,
    RULES,
    Climbing,
    GrowingLine,
    HeavyLine,
    KeptGlobal,
    Outside,
)
from diagnostics.service.serving.framework import framework
from diagnostics.service.serving.requests import requests

__all__ = ["RULES", "Memory", "Settings", "judge", "profile"]

MB: Final = 1e6
NOTHING: Final = N_("Nothing of a service's memory yet: give a recording of it, metrics with its memory, or its code.")


@dataclass(frozen=True)
class Settings:
    """What the restarts plan with."""

    memory: int = 2_048
    """MB that the service may hold."""


@dataclass(frozen=True, kw_only=True)
class Global:
    """A global that grows in the code."""

    name: str
    function: str
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A metric of memory that climbs, in its unit."""

    series: str
    per_hour: float
    hours_left: float | None
    last: float


@dataclass(frozen=True, kw_only=True)
class Memory:
    """All that is known of a service's memory."""

    recordings: tuple[Recording, ...]
    problems: tuple[tuple[str, str], ...]
    """(file, sentence) of recordings that could not be read."""

    globals: tuple[Global, ...]
    slopes: tuple[Slope, ...]
    planned: Planned


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Memory:
    """Raises NotApplicable without recording, metrics and code, and ValueError for a limit that is not above 0."""
    if settings.memory <= 0:
        raise ValueError(f"memory must be above 0, got {settings.memory}")
    if not incident.memory and not incident.metrics and not incident.code:
        raise NotApplicable(NOTHING, needs="memory")
    recordings, problems = [], []
    for place, path in enumerate(incident.memory):
        on_progress(place / max(1, len(incident.memory)), N_("Reading the recording"))
        try:
            recordings.append(read_recording(path))
        except BadInput as reason:
            problems.append((path.name, reason.phrase))
    return Memory(
        recordings=tuple(recordings),
        problems=tuple(problems),
        globals=_globals(incident),
        slopes=_slopes(incident),
        planned=_planned(incident, recordings, settings),
    )


def _globals(incident: Incident) -> tuple[Global, ...]:
    codes = []
    for path in incident.code:
        try:
            codes.append(read_code(path))
        except BadInput:
            continue  # Step 5 says which code could not be read.
    return tuple(
        Global(name=fault.name, function=fault.function, file=code.file, line=code.place(fault.line)[1])
        for code, faults in look(codes).files
        for fault in faults
        if fault.kind is Kind.GROWING
    )


def _slopes(incident: Incident) -> tuple[Slope, ...]:
    try:
        found = judge_metrics(profile_metrics(incident))
    except NotApplicable:
        return ()
    climbs = [finding.of for finding in found if finding.rule is LEAK]
    return tuple(
        Slope(series=climb.label, per_hour=climb.per_hour, hours_left=climb.hours_left, last=climb.last)
        for climb in climbs
        if isinstance(climb, Climb)
    )


def _planned(incident: Incident, recordings: list[Recording], settings: Settings) -> Planned:
    """Workers are replaced when the leak has filled a quarter of the limit."""
    known = framework(incident)
    workers = known.workers if known is not None and known.workers else 2
    app = known.app if known is not None and known.app else "service:app"
    leak = max((_per_hour(one) for one in recordings), default=0.0)
    hours = 24 if leak <= 0 else int(np.clip(settings.memory / 4 / leak, 1, 24))
    asked = 1_000
    if leak > 0:
        try:
            told = requests(incident)
            passed = float(np.ptp(told.seconds[np.isfinite(told.seconds)])) / 3600 or 1.0
            asked = int(np.clip(told.whole / passed * hours / workers, 100, 1_000_000))
        except (NotApplicable, ValueError):
            asked = 1_000
    return Planned(requests=asked, hours=hours, memory=settings.memory, app=app, workers=workers)


def _per_hour(recording: Recording) -> float:
    """MB that the recorded lines grow by in an hour; 0 for a single record."""
    if len(recording.hours) < 3 or recording.hours[-1] <= 0:
        return 0.0
    return max(0.0, sum(max(0.0, line.grown) for line in recording.lines)) / MB / recording.hours[-1]


def judge(
    p: Memory, *, grown_at: float = 5.0, share_at: float = 0.1, steady_at: float = 0.8, heavy_at: float = 0.3, shown: int = 5
) -> list[Finding]:
    """MEM001: a line's objects grow by `grown_at` MB and `share_at` of all growth, and shrink in at most a fifth of the steps
    (`steady_at`): caches that fill up and stay end there and are not told, for their later half does not grow. MEM002: in a
    recording of one moment a line holds `heavy_at`. MEM003 and MEM004: only where no recording over time names the line.
    Chosen by hand on recorded services.
    """
    findings: list[Finding] = []
    over_time = [one for one in p.recordings if len(one.hours) >= 5]
    for recording in over_time:
        growing = [line for line in recording.lines if _grows(line.bytes, grown_at, steady_at)]
        total = sum(max(0.0, line.grown) for line in recording.lines) or 1.0
        for line in sorted(growing, key=lambda one: -one.grown)[:shown]:
            if line.grown < share_at * total:
                continue
            kept = next((g for g in p.globals if _same(g, line.file, line.line)), None)
            entry = GrowingLine(
                weight=min(1.0, line.grown / total),
                file=PurePath(line.file).name,
                line=line.line,
                first=float(line.bytes[0]) / MB,
                last=float(line.bytes[-1]) / MB,
                share=line.grown / total,
                hours=recording.hours[-1],
                size=line.bytes[-1] / max(1, line.objects) / 1e3,
                kept=kept.name if kept else None,
                function=kept.function if kept else None,
            )
            findings.append(GROWING.found(entry))
        part = max(1, len(recording.hours) // 10)
        process, python = (
            float(np.median(values[-part:]) - np.median(values[:part])) / MB if values else 0.0
            for values in (recording.resident, recording.traced)
        )
        if process >= 4 * grown_at and python <= 0.3 * process:
            findings.append(OUTSIDE.found(Outside(weight=0.7, resident=process, traced=python)))
    for recording in p.recordings:
        whole = recording.traced[0] if recording.traced else 0.0
        if len(recording.hours) == 1 and recording.lines and whole > 0:
            top = recording.lines[0]
            if top.bytes[0] >= heavy_at * whole and top.bytes[0] >= grown_at * MB:
                heavy = HeavyLine(
                    weight=min(1.0, top.bytes[0] / whole),
                    file=PurePath(top.file).name,
                    line=top.line,
                    held=top.bytes[0] / MB,
                    share=top.bytes[0] / whole,
                )
                findings.append(HEAVY.found(heavy))
    if not over_time:
        for slope in p.slopes[:shown]:
            climbing = Climbing(weight=0.6, series=slope.series, per_hour=slope.per_hour, hours=slope.hours_left)
            findings.append(CLIMBS.found(climbing))
        for one in p.globals[:shown]:
            kept_global = KeptGlobal(weight=0.5, name=one.name, function=one.function, file=one.file, line=one.line)
            findings.append(KEPT.found(kept_global))
    return findings


def _grows(held: tuple[float, ...], grown_at: float, steady_at: float) -> bool:
    values = np.asarray(held)
    part, half = max(1, values.size // 10), values.size // 2
    grown = float(np.median(values[-part:]) - np.median(values[:part]))
    later = float(np.median(values[-part:]) - np.median(values[half : half + part]))
    steady = float(np.mean(np.diff(values) >= -0.01 * np.maximum(values[:-1], 1)))
    # What a start loads, and a cache that is full, grow in the first half alone.
    return grown >= grown_at * MB and steady >= steady_at and later >= 0.2 * grown


def _same(known: Global, file: str, line: int) -> bool:
    """Whether a recorded line is the one in the code: the same file, and at most two lines away, as a call may span lines."""
    return PurePath(file.replace("\\", "/")).name == PurePath(known.file).name and abs(known.line - line) <= 2


def is_peak(recording: Recording) -> bool:
    """Whether it tells of one moment alone."""
    return recording.tool is not Tool.TRACEMALLOC or len(recording.hours) < 2
