"""The model itself: do the logged answers come back when the uploaded file is run on the logged rows?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import MODEL_MISMATCH
from diagnostics.checks.reproduce.where import group_at_fault
from diagnostics.measure.onset import first, since
from diagnostics.measure.samples import samples, times
from diagnostics.measure.uploaded import NO_MODEL, Replays, replays
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity, Sign
from diagnostics.nouns.words import N_
from diagnostics.sandbox.isolation import WORDS

SOURCE: Final = "Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (training-serving skew, reproducibility)"


@dataclass(frozen=True, kw_only=True)
class Ran(Entry):
    """What came of running the uploaded model on the logged rows; see `ModelReplay`."""

    file: str = shown(N_("Model file"), Unit.NAME)
    format: str = shown(N_("Format of the model file"), Unit.NAME)
    reference: float = shown(N_("Logged predictions of the reference that are not the model's"), Unit.SHARE)
    current: float = shown(N_("Logged predictions of the current table that are not the model's"), Unit.SHARE)
    largest: float = shown(N_("Largest difference"))
    tolerance: float = shown(N_("Difference that still counts as the same prediction"))
    rows: int = shown(N_("Current rows that were compared"), Unit.COUNT)
    rows_reference: int = shown(N_("Reference rows that were compared"), Unit.COUNT)
    left_out: int = shown(N_("Rows that the model could not predict"), Unit.COUNT)
    isolation: str
    producer: str = shown(N_("Program that wrote the model file"), Unit.NAME)


@dataclass(frozen=True, kw_only=True)
class OtherNow(Ran):
    """The reference's predictions come back, and those of production do not."""

    cause: CauseKind = MODEL_MISMATCH
    after: float = shown(N_("Logged predictions that are not the model's, since it began"), Unit.SHARE)
    same: float = shown(N_("Predictions of the reference that came back"), Unit.SHARE)
    column: str | None = shown(N_("Column of the group at fault"), Unit.NAME, optional=True)
    level: str | None = shown(N_("Group at fault"), Unit.NAME, optional=True)
    since_: datetime | None = shown(N_("Since when"), Unit.TIME, optional=True)


@dataclass(frozen=True, kw_only=True)
class OtherBefore(Ran):
    """The current predictions come back, and those of the reference do not."""

    cause: CauseKind = MODEL_MISMATCH


@dataclass(frozen=True, kw_only=True)
class OtherThroughout(Ran):
    """Neither side's predictions come back. cause: None where both sides are off alike."""

    cause: CauseKind | None = optional()


@dataclass(frozen=True, kw_only=True)
class Unrepeatable(Entry):
    """Rows that got two predictions from the same model."""

    file: str = shown(N_("Model file"), Unit.NAME)
    share: float = shown(N_("Rows with two predictions"), Unit.SHARE)
    rows: int = shown(N_("Rows that were asked twice"), Unit.COUNT)


def _say_now(entry: OtherNow) -> str:
    if entry.level is not None:
        return N_(
            "{file:name} gives {same:percent} of the reference's answers back, but in the current table {current:percent} of the "
            "logged answers differ from its own, nearly all where {column:name} is {level:name}."
        )
    if entry.since is not None:
        return N_(
            "{file:name} gives {same:percent} of the reference's answers back, but {after:percent} of those logged since "
            "{since:time} are not its own; they differ by up to {largest:number}."
        )
    return N_(
        "{file:name} gives {same:percent} of the reference's answers back, but in the current table {current:percent} of the "
        "logged answers differ from its own, by up to {largest:number}."
    )


def _say_throughout(entry: OtherThroughout) -> str:
    if not entry.rows_reference:
        return N_("{file:name} does not give the current answers back: {current:percent} differ, by up to {largest:number}.")
    return N_(
        "{file:name} gives neither side's answers back: {reference:percent} of the reference's and {current:percent} of the "
        "current ones differ, by up to {largest:number}."
    )


def _say_ran(entry: Ran) -> str:
    """How it was run, in the words of the isolation that holds here; they are messages of their own."""
    return {isolation.value: words for isolation, words in WORDS.items()}[entry.isolation]


SAME: Final = {"same_at": Shown(N_("Share of other predictions up to which a side counts as reproduced"), Unit.SHARE)}
TWICE: Final = {"twice_at": Shown(N_("Share of rows with two predictions that counts"), Unit.SHARE)}


NOT_NOW: Final = Rule[OtherNow](
    code="REP040",
    lane=Lane.MODEL,
    title=N_("The uploaded model gives other answers than were logged"),
    says=_say_now,
    why=N_(
        "It gives the reference's answers back, and not those of production. Then another model answered, the service prepared "
        "the rows in another way, or it saw other values than it logged."
    ),
    remedy=N_(
        "Compare the hash of the file that serves with this one and roll back to it; if they are equal, log the rows right "
        "before the model sees them, and compare those with the table."
    ),
    statistic=N_("Of a hundred logged answers, how many are not what the uploaded model answers to the same row."),
    source=SOURCE,
    severity=Severity.CRITICAL,
    suggests=MODEL_MISMATCH,
    shows=Sign.OTHER_PREDICTIONS,
    thresholds=SAME
    | {
        "rise_at": Shown(N_("Rise of the share that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Rise that is called critical"), Unit.SHARE),
    },
)
NOT_BEFORE: Final = Rule[OtherBefore](
    code="REP041",
    lane=Lane.MODEL,
    title=N_("The reference was answered by another model"),
    says=N_(
        "{file:name} gives the current answers back and not the reference's: {reference:percent} of those differ, so another "
        "model answered the reference."
    ),
    why=N_("The uploaded model gives the answers of production back, and not those of the reference: two models were compared."),
    remedy=N_("Score the reference rows with the model that serves now, and upload those, or upload the model of the reference."),
    statistic=N_("Of a hundred logged answers, how many are not what the uploaded model answers to the same row."),
    source=SOURCE,
    suggests=MODEL_MISMATCH,
    thresholds=SAME
    | {"other_at": Shown(N_("Share of other predictions from which a side counts as another model's"), Unit.SHARE)},
)
NEITHER: Final = Rule[OtherThroughout](
    code="REP042",
    lane=Lane.MODEL,
    title=N_("This file is not the model that served"),
    says=_say_throughout,
    why=N_("The uploaded model gives neither the reference's answers back nor those of production."),
    remedy=N_(
        "Upload the file that served. If this is it, the rows are prepared before they reach it: upload the model together with "
        "its preparation, as one pipeline."
    ),
    statistic=N_("Of a hundred logged answers, how many are not what the uploaded model answers to the same row."),
    source=SOURCE,
    suggests=lambda entry: entry.cause,
    thresholds=SAME,
)
BATCH: Final = Rule[Unrepeatable](
    code="REP043",
    lane=Lane.MODEL,
    title=N_("The answer depends on the other rows of the batch"),
    says=N_("{share:percent} of the {rows:count} rows that {file:name} was asked alone got another answer than in a batch."),
    why=N_("A row that is answered alone gets another answer than in a batch, so tests in batches say little about production."),
    remedy=N_("Switch layers that use the batch (batch norm, scaling by the batch) to inference before the model is exported."),
    statistic=N_("Of the rows that were asked alone and in a batch, how many got two answers."),
    source="Ioffe and Szegedy 2015, Batch normalization, arXiv:1502.03167 (section 3.1, inference)",
    thresholds=TWICE,
)
RANDOM: Final = Rule[Unrepeatable](
    code="REP044",
    lane=Lane.MODEL,
    title=N_("The model answers at random"),
    says=N_("{share:percent} of the {rows:count} rows got another answer when {file:name} was asked the same again."),
    why=N_("The same rows, asked twice, got different answers: no answer of this model can be reproduced."),
    remedy=N_("Switch off what is random at inference (dropout, sampling, noise) and export the model again."),
    statistic=N_("Of the rows that were asked twice, how many got two answers."),
    source=SOURCE,
    thresholds=TWICE,
)
RAN: Final = Rule[Ran](
    code="REP045",
    lane=Lane.MODEL,
    title=N_("The model was run here"),
    says=_say_ran,
    why=N_("Only a model that gives its logged answers back can be trusted to say what a repaired row would have got."),
    remedy=N_("Nothing to do."),
    statistic=N_("Rows of both tables that were answered again, in a process that is shut in."),
    source="Linux kernel documentation, Landlock and seccomp; bubblewrap manual",
    severity=Severity.INFO,
)
RULES: Final = (NOT_NOW, NOT_BEFORE, NEITHER, BATCH, RANDOM, RAN)

DECIMALS: Final = 9
BINS: Final = 40
PICTURED: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class ModelReplay:
    """What came of running the uploaded model on the logged rows."""

    file: str
    format: str
    producer: str
    named: bool
    """Whether the model names its columns, so that none had to be guessed."""

    isolation: str
    answer: Answer
    """What the prediction column holds."""

    rows: Sides[int]
    """Rows compared."""

    left_out: int
    """Rows without any prediction of the model."""

    tolerance: float
    """Difference that counts as the same prediction, in the prediction's unit (0 for labels)."""

    differing: Sides[intervals.Interval]
    """Share of the logged predictions beyond `tolerance` of the model's; of the reference (nan, 0, 1) where it has none."""

    largest: Sides[float]
    """Largest difference of each side (1 for labels)."""

    after: float
    """Share of differing current predictions from `since` on."""

    since: datetime | None
    start: datetime | None
    segment: str | None
    segment_column: str | None
    again: tuple[float, int]
    """Share of rows with two predictions when asked twice, and the rows."""

    alone: tuple[float, int]
    """The same when asked alone and in a batch."""

    shares: tuple[tuple[datetime, float, int], ...]
    """(begin, share of differing current predictions, rows) in equal spans of time."""

    told: tuple[float, ...]
    """The model's predictions of at most 2,000 current rows."""

    logged: tuple[float, ...]
    """The logged predictions of the same rows."""


def profile(incident: Incident) -> ModelReplay:
    """Raises NotApplicable without a model, tables or predictions, and when the model cannot be run (the sentence says why)."""
    if incident.model is None:
        raise NotApplicable(NO_MODEL, needs="model")
    done = replays(incident)
    known = done.outcome
    label = known.answer is Answer.LABEL
    gap_home = _gap(done.told.reference, done.logged.reference, label)
    gap_away = _gap(done.told.current, done.logged.current, label)
    tolerance = 0.0 if label else _tolerance(done, gap_home)
    off_home, off_away = gap_home > tolerance, gap_away > tolerance
    before, now = (intervals.share(float(off.sum()), float(off.size)) for off in (off_home, off_away))
    drawn = samples(incident)
    whole = times(drawn.current, incident.roles.timestamp)
    when = None if whole is None else whole[done.rows.current]
    usual = before.value if off_home.size else 0.0
    began = since(when, off_away.astype("float64"), usual) if off_away.any() and now.low > usual else None
    later = np.ones(off_away.size, dtype=bool)
    if when is not None and began is not None:
        later = when >= np.datetime64(began, "us")
    segment, column = group_at_fault(drawn, incident, done.rows.current[later], off_away[later], before)
    both = np.concatenate([done.told.reference, done.told.current])
    tight = 0.0 if label else tolerance / 2
    again, alone = (_gap(both[: len(other)], other, label) > tight for other in (done.again, done.alone))
    numbers = None if label else np.asarray(done.logged.current, dtype="float64")
    fine = np.empty(0, dtype=np.intp) if numbers is None else np.flatnonzero(np.isfinite(numbers))[:PICTURED]
    return ModelReplay(
        file=incident.model.name,
        format=done.described.format,
        producer=done.described.producer,
        named=done.named,
        isolation=done.described.isolation.value,
        answer=known.answer,
        rows=Sides(int(off_home.size), int(off_away.size)),
        left_out=done.left_out,
        tolerance=tolerance,
        differing=Sides(before, now),
        largest=Sides(_largest(gap_home), _largest(gap_away)),
        after=float(off_away[later].mean()) if later.any() else 0.0,
        since=began,
        start=first(when),
        segment=segment,
        segment_column=column,
        again=(float(again.mean()) if again.size else 0.0, int(again.size)),
        alone=(float(alone.mean()) if alone.size else 0.0, int(alone.size)),
        shares=_spans(when, off_away),
        told=tuple(map(float, done.told.current[fine])),
        logged=() if numbers is None else tuple(map(float, numbers[fine])),
    )


def judge(
    p: ModelReplay,
    *,
    same_at: float = 0.1,
    other_at: float = 0.5,
    rise_at: float = 0.02,
    critical_at: float = 0.1,
    twice_at: float = 0.05,
) -> list[Finding]:
    """A side is reproduced while at most `same_at` of its answers differ, and not at all from `other_at` on; REP040 needs a rise
    of `rise_at` with intervals apart.

    The same file gives the same predictions to the last digit that was logged, so a share near 0 is the rule. The smallest rise
    was chosen on benchmarks/incidents. `twice_at`: rows that may lie on a rounding edge.
    """
    findings: list[Finding] = []
    sides = _compare_sides(p, same_at, other_at, rise_at, critical_at)
    if sides is not None:
        findings.append(sides)
    random = p.again[0] >= twice_at
    if p.alone[0] >= twice_at and not random:
        findings.append(BATCH.found(Unrepeatable(weight=p.alone[0], file=p.file, share=p.alone[0], rows=p.alone[1])))
    if random:
        findings.append(RANDOM.found(Unrepeatable(weight=p.again[0], file=p.file, share=p.again[0], rows=p.again[1])))
    return [*findings, RAN.found(Ran(**_numbers(p)))]


def _numbers(p: ModelReplay) -> dict[str, Any]:
    """The fields of `Ran`."""
    return {
        "file": p.file,
        "format": p.format,
        "reference": p.differing.reference.value,
        "current": p.differing.current.value,
        "largest": p.largest.current,
        "tolerance": p.tolerance,
        "rows": p.rows.current,
        "rows_reference": p.rows.reference,
        "left_out": p.left_out,
        "isolation": p.isolation,
        "producer": p.producer,
    }


def _compare_sides(p: ModelReplay, same_at: float, other_at: float, rise_at: float, critical_at: float) -> Finding | None:
    before, now = p.differing.reference, p.differing.current
    rose = now.value - before.value >= rise_at and now.low > before.high
    if p.rows.reference and before.value <= same_at:
        return _other_now(p, critical_at) if rose else None
    if p.rows.reference and before.value >= other_at and now.value <= same_at:
        return NOT_BEFORE.found(OtherBefore(since=p.start, weight=before.value, **_numbers(p)))
    if now.value <= same_at:
        return None
    # Where both sides are off alike, the file is the wrong one, and nothing changed between reference and production by that.
    cause = MODEL_MISMATCH if rose or not p.rows.reference else None
    weight = float(np.clip(now.value, 0, 1))
    # Columns that were matched by their order alone may have been matched wrongly.
    severity = Severity.WARNING if p.named else Severity.INFO
    return NEITHER.found(OtherThroughout(since=p.start, weight=weight, cause=cause, **_numbers(p)), severity=severity)


def _other_now(p: ModelReplay, critical_at: float) -> Finding:
    excess = max(p.after, p.differing.current.value) - p.differing.reference.value
    return NOT_NOW.found(
        OtherNow(
            since=p.since,
            segment=None if p.segment is None else f"{p.segment_column} = {p.segment}",
            weight=float(np.clip(excess, 0, 1)),
            after=p.after,
            same=1 - p.differing.reference.value,
            column=p.segment_column,
            level=p.segment,
            # Where the group is named, the sentence gives no time.
            since_=p.since if p.segment is None else None,
            **_numbers(p),
        ),
        severity=Severity.CRITICAL if excess >= critical_at else Severity.WARNING,
    )


def offending(incident: Incident, finding: Finding[Ran]) -> pd.DataFrame | None:
    """Current rows whose logged answer is not the model's, with the model's beside; None where the finding is about no rows."""
    if finding.rule not in (NOT_NOW, NEITHER):
        return None
    done = replays(incident)
    gap = _gap(done.told.current, done.logged.current, done.outcome.answer is Answer.LABEL)
    off = gap > finding.of.tolerance
    return samples(incident).current.iloc[done.rows.current[off]].assign(model_answer=done.told.current[off])


def _gap(told: NDArray[np.generic], logged: NDArray[np.generic] | None, label: bool) -> NDArray[np.float64]:
    """How far apart, shape (n,): 0 or 1 for labels, infinite where only one of the two is a number; empty without a log."""
    if logged is None:
        return np.empty(0)
    if label:
        return np.asarray(told.astype(str) != logged.astype(str), dtype="float64")
    x, y = told.astype("float64"), logged.astype("float64")
    with np.errstate(invalid="ignore"):
        gap = np.abs(x - y)
    same = (x == y) | (np.isnan(x) & np.isnan(y))
    return np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _tolerance(done: Replays, gap_home: NDArray[np.float64]) -> float:
    """Half a unit of the last decimal that was logged, and what single precision loses; at most a fiftieth of the answers' spread
    more, where the reference shows that the table's own rounding moves the answers.
    """
    logged = done.logged.current if done.logged.reference is None else done.logged.reference
    values = np.asarray(logged, dtype="float64")
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0
    spread, size = float(values.std()), float(np.abs(values).max())
    some = values[:PICTURED]
    decimals = next(
        (d for d in range(DECIMALS) if np.allclose(np.round(some, d), some, rtol=0, atol=1e-9 * max(1.0, size))), None
    )
    strict = (0.0 if decimals is None else 0.51 * 10.0**-decimals) + 1e-5 * spread + 2e-6 * size
    # By position: between two infinities no number lies.
    usual = float(np.sort(gap_home)[int(0.99 * (gap_home.size - 1))]) if gap_home.size else 0.0
    return max(strict, usual) if usual <= 0.02 * spread else strict


def _largest(gap: NDArray[np.float64]) -> float:
    finite = gap[np.isfinite(gap)]
    return float(finite.max()) if finite.size else 0.0


def _spans(when: NDArray[np.datetime64] | None, off: NDArray[np.bool_]) -> tuple[tuple[datetime, float, int], ...]:
    if when is None or np.isnat(when).all():
        return ()
    fine = ~np.isnat(when)
    moments, off = when[fine].astype("int64"), off[fine]
    low, high = int(moments.min()), int(moments.max())
    if low == high:
        return ()
    count = int(np.clip(off.size // 20, 1, BINS))
    place = np.minimum((moments - low) * count // (high - low), count - 1)
    spans = []
    for number in range(count):
        inside = place == number
        if inside.any():
            begin = np.datetime64(low + (high - low) * number // count, "us").astype("datetime64[s]").item()
            spans.append((begin, float(off[inside].mean()), int(inside.sum())))
    return tuple(spans)
