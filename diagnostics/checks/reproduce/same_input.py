"""The same input twice: do rows with equal features get equal answers, within a table and from one table to the other?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import MODEL_MISMATCH
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import partial
from diagnostics.measure.samples import samples, times
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class TwoPredictions(Entry):
    """Rows whose features also stand in an earlier row of their table."""

    share: float = shown(N_("Rows with another prediction than an equal earlier row"), Unit.SHARE)
    natural: float = shown(N_("The same in the reference"), Unit.SHARE)
    rows: int = shown(N_("Current rows that equal an earlier row"), Unit.COUNT)
    largest: float = shown(N_("Largest difference between predictions for equal rows"))


@dataclass(frozen=True, kw_only=True)
class OtherThanReference(Entry):
    """Current rows whose features also stand in the reference."""

    share: float = shown(N_("Rows with another prediction than in the reference"), Unit.SHARE)
    rows: int = shown(N_("Current rows whose features also stand in the reference"), Unit.COUNT)
    natural: float = shown(N_("Equal rows of the reference with two predictions"), Unit.SHARE)
    cause: CauseKind = MODEL_MISMATCH


EXCESS: Final = {
    "rise_at": Shown(N_("Rise of the share that counts"), Unit.SHARE),
    "rows_at": Shown(N_("Equal rows that are needed"), Unit.COUNT),
}

NOT_STABLE: Final = Rule[TwoPredictions](
    code="REP020",
    lane=Lane.MODEL,
    title=N_("Equal inputs, different answers"),
    says=N_(
        "{share:percent} of the rows whose features stand in an earlier row got another answer than there; in the "
        "reference it was {natural:percent}. Answers to equal inputs differ by up to {largest:number}."
    ),
    why=N_(
        "A model gives one answer to one input. If it gives two, several models answer, or it uses something that is not logged."
    ),
    remedy=N_(
        "Log the model's version with every answer and see whether two versions serve at once; check that nothing random "
        "(sampling, dropout, unsorted input) is left switched on."
    ),
    statistic=N_("Of a hundred rows whose features also stand in another row, how many have another answer than that row."),
    source="Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (reproducibility)",
    thresholds=EXCESS,
)
NOT_AS_BEFORE: Final = Rule[OtherThanReference](
    code="REP021",
    lane=Lane.MODEL,
    title=N_("Another answer than the reference gave"),
    says=N_(
        "{share:percent} of the current rows whose features also stand in the reference got another answer than "
        "there ({rows:count} such rows)."
    ),
    why=N_("Exactly the same features were answered before, and differently: the model or the service around it changed."),
    remedy=N_("Compare the model's version and file hash with the approved one, and score these rows with the approved model."),
    statistic=N_(
        "Of a hundred current rows whose features also stand in the reference, how many have another answer than there."
    ),
    source="Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (reproducibility)",
    severity=Severity.CRITICAL,
    suggests=MODEL_MISMATCH,
    thresholds=EXCESS | {"critical_at": Shown(N_("Share that is called critical"), Unit.SHARE)},
)
RULES: Final = (NOT_STABLE, NOT_AS_BEFORE)

SAME: Final = 0.01
"""Answers closer than this share of the reference answers' spread are the same: logs round them."""


@dataclass(frozen=True, kw_only=True)
class SameInput:
    """How often equal inputs got different predictions, within each table and from one to the other."""

    rows: Sides[int]
    """Rows whose features stand in an earlier row of their table."""

    differing: Sides[intervals.Interval]
    """Share of those rows with another prediction than the earlier row."""

    across_rows: int
    """Current rows whose features stand in the reference."""

    across: intervals.Interval
    """Share of those rows with another prediction than in the reference."""

    largest: float
    """Largest difference between predictions for equal inputs of the current table, in the prediction's unit (1 for labels)."""

    since: datetime | None
    """When predictions for equal inputs began to differ."""

    since_across: datetime | None
    """When they began to differ from the reference's."""


def profile(incident: Incident) -> SameInput:
    """Raises NotApplicable without both tables, without predictions in the current one, or when no input stands twice."""
    incident.pair()
    incident.role("prediction")
    drawn = samples(incident)
    known = partial(incident, drawn)
    if known.answers.current is None:
        raise NotApplicable(N_("The current table has no predictions to reproduce."), needs="prediction")
    label = known.answer is Answer.LABEL
    features = list(drawn.features)
    home, away = _inputs(drawn.reference[features]), _inputs(drawn.current[features])
    answers_away = known.answers.current
    answers_home = known.answers.reference
    basis = answers_away if answers_home is None else answers_home
    tolerance = 0.0 if label else SAME * _spread(basis.astype("float64"))
    inside, gaps = _within(away, answers_away, label)
    before = intervals.share(0, 0)
    rows_before = 0
    across, across_gaps = np.empty(0, dtype=np.intp), np.empty(0)
    if answers_home is not None:
        told, gaps_home = _within(home, answers_home, label)
        rows_before = told.size
        before = intervals.share(float((gaps_home > tolerance).sum()), float(told.size))
        across, across_gaps = _across(home, answers_home, away, answers_away, label)
    if not inside.size and not across.size:
        raise NotApplicable(N_("No input stands twice in these tables, so equal inputs can't be compared."), needs="current")
    when = times(drawn.current, incident.roles.timestamp)
    since_across = None
    if when is not None and across.size:
        since_across = since(when[across], (across_gaps > tolerance).astype("float64"), before.low)
    return SameInput(
        rows=Sides(rows_before, inside.size),
        differing=Sides(before, intervals.share(float((gaps > tolerance).sum()), float(inside.size))),
        across_rows=across.size,
        across=intervals.share(float((across_gaps > tolerance).sum()), float(across.size)),
        largest=float(gaps.max()) if gaps.size else 0.0,
        since=None if when is None or not inside.size else since(when[inside], (gaps > tolerance).astype("float64"), before.low),
        since_across=since_across,
    )


def judge(p: SameInput, *, rise_at: float = 0.05, rows_at: int = 20, critical_at: float = 0.2) -> list[Finding]:
    """Fires when the share of differing predictions exceeds the reference's by `rise_at`, from `rows_at` such rows, and the 95%
    intervals do not touch.

    A deterministic model differs in none; 5 in 100 leaves room for inputs that the log rounds to the same numbers.
    From `critical_at` on, another prediction than in the reference is called critical.
    """
    natural = p.differing.reference.value if p.rows.reference else 0.0
    ceiling = p.differing.reference.high if p.rows.reference >= rows_at else 0.0
    findings: list[Finding] = []
    if p.across_rows >= rows_at and p.across.value >= natural + rise_at and p.across.low > ceiling:
        findings.append(
            NOT_AS_BEFORE.found(
                OtherThanReference(
                    since=p.since_across,
                    weight=float(np.clip(p.across.value - natural, 0, 1)),
                    share=p.across.value,
                    rows=p.across_rows,
                    natural=natural,
                ),
                severity=Severity.CRITICAL if p.across.value >= critical_at else Severity.WARNING,
            )
        )
    rise = p.differing.current.value - natural
    if p.rows.current >= rows_at and rise >= rise_at and p.differing.current.low > ceiling:
        findings.append(
            NOT_STABLE.found(
                TwoPredictions(
                    since=p.since,
                    weight=float(np.clip(rise, 0, 1)),
                    share=p.differing.current.value,
                    natural=natural,
                    rows=p.rows.current,
                    largest=p.largest,
                )
            )
        )
    return findings


def _inputs(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """One number per row, equal for rows with equal features, shape (n,); 0 for rows without any value."""
    hashed = np.asarray(pd.util.hash_pandas_object(frame.set_axis(range(frame.shape[1]), axis=1), index=False), dtype="uint64")
    return np.where(frame.notna().any(axis=1).to_numpy(), hashed, np.uint64(0))


def _spread(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.std()) if finite.size else 0.0


def _difference(a: NDArray[np.generic], b: NDArray[np.generic], label: bool) -> NDArray[np.float64]:
    if label:
        return np.asarray(a.astype(str) != b.astype(str), dtype="float64")
    with np.errstate(invalid="ignore"):
        gap = np.abs(a.astype("float64") - b.astype("float64"))
    return np.asarray(np.where(np.isnan(gap), 0.0, gap))


def _within(
    inputs: NDArray[np.uint64], answers: NDArray[np.generic], label: bool
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows that repeat an earlier one, and how far their answer is from the first such row's."""
    usable = np.flatnonzero(pd.notna(answers) & (inputs != 0))
    _, place, turn = np.unique(inputs[usable], return_index=True, return_inverse=True)
    origin = place[turn]
    repeats = np.flatnonzero(origin != np.arange(usable.size))
    rows = usable[repeats]
    return rows, _difference(answers[rows], answers[usable[origin[repeats]]], label)


def _across(
    home: NDArray[np.uint64],
    answers_home: NDArray[np.generic],
    away: NDArray[np.uint64],
    answers_away: NDArray[np.generic],
    label: bool,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Current rows that the reference has too, and how far their answer is from the one given there."""
    known = np.flatnonzero(pd.notna(answers_home) & (home != 0))
    asked = np.flatnonzero(pd.notna(answers_away) & (away != 0))
    values, place = np.unique(home[known], return_index=True)
    if not values.size or not asked.size:
        return np.empty(0, dtype=np.intp), np.empty(0)
    found = np.minimum(np.searchsorted(values, away[asked]), values.size - 1)
    match = values[found] == away[asked]
    rows = asked[match]
    return rows, _difference(answers_away[rows], answers_home[known[place[found[match]]]], label)
