"""Replayed answers: does a stand-in fitted to the reference's answers give the current answers back from the same inputs?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import MODEL_MISMATCH
from diagnostics.checks.reproduce.where import group_at_fault
from diagnostics.measure.coverage import coverage
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import Outcome
from diagnostics.measure.samples import samples, times
from diagnostics.measure.surrogate import surrogate
from diagnostics.measure.uploaded import TRUSTED, uploaded_model
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity, Sign
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Compared(Entry):
    """Logged predictions beside those of the stand-in; see `Replayed`."""

    share: float = shown(N_("Predictions that are not what the stand-in expects"), Unit.SHARE)
    natural: float = shown(N_("The same on unseen reference rows"), Unit.SHARE)
    fidelity: float = shown(N_("How closely the stand-in follows the logged predictions"), Unit.SHARE)
    largest: float = shown(N_("Largest difference"))
    tolerance: float = shown(N_("Difference that still counts as the same prediction"))
    covered: float = shown(N_("Current rows where the reference has rows to compare with"), Unit.SHARE)
    apart: float = shown(N_("How well the two tables' inputs can be told apart: 0.5 is not at all, 1 is fully (AUC)"))
    bias: float | None = shown(N_("Mean difference, beyond that in the reference"), optional=True)
    ranking: float | None = shown(N_("Rank correlation of logged and expected predictions"), optional=True)
    ranking_before: float | None = shown(N_("Rank correlation in the reference"), optional=True)


@dataclass(frozen=True, kw_only=True)
class OtherPredictions(Compared):
    """Other predictions than expected, where the reference has rows."""

    column: str | None = shown(N_("Column of the group at fault"), Unit.NAME, optional=True)
    level: str | None = shown(N_("Group at fault"), Unit.NAME, optional=True)
    since_: datetime | None = shown(N_("Since when"), Unit.TIME, optional=True)
    cause: CauseKind = MODEL_MISMATCH


@dataclass(frozen=True, kw_only=True)
class NotCovered(Compared):
    """share: of all current rows."""

    beyond: float = shown(N_("Current rows where the reference has hardly any"), Unit.SHARE)


def _say(entry: OtherPredictions) -> str:
    if entry.level is not None:
        return N_(
            "The logged answers differ from what the same inputs got in the reference in {share:percent} of the rows "
            "({natural:percent} is usual for the stand-in fitted here), above all where {column:name} is {level:name}."
        )
    if entry.since is not None:
        return N_(
            "Since {since:time} the logged answers differ from what the same inputs got in the reference: in {share:percent} "
            "of all current rows, where {natural:percent} is usual for the stand-in fitted here."
        )
    return N_(
        "The logged answers differ from what the same inputs got in the reference in {share:percent} of the rows; "
        "{natural:percent} is usual for the stand-in fitted here."
    )


OTHER_ANSWERS: Final = Rule[OtherPredictions](
    code="REP001",
    lane=Lane.MODEL,
    title=N_("The answers do not come back"),
    says=_say,
    why=N_(
        "The same inputs got other answers than the model gave in the reference. Then another model answers, or the service "
        "prepares the inputs in another way than the table shows."
    ),
    remedy=N_(
        "Compare the version and the file hash of the model that serves with the one that was approved, then score some of "
        "the rows at fault by hand with the approved model. If it gives the expected answer, look at what the service does "
        "to the inputs."
    ),
    statistic=N_(
        "Of a hundred rows, how many got an answer that a stand-in, fitted here to the reference's answers, would not have "
        "given. The same is counted on reference rows that the stand-in has not seen."
    ),
    source=(
        "Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011 (comparison on the shared support); "
        "Breck et al. 2017, The ML test score, doi:10.1109/BigData.2017.8258038 (training-serving skew)"
    ),
    severity=Severity.CRITICAL,
    suggests=MODEL_MISMATCH,
    shows=Sign.OTHER_PREDICTIONS,
    thresholds={
        "excess_at": Shown(N_("Excess over the usual share that counts, for scores and values"), Unit.SHARE),
        "label_excess_at": Shown(N_("Excess over the usual share that counts, for classes"), Unit.SHARE),
        "times_at": Shown(N_("Times the usual share"), Unit.NUMBER),
        "critical_at": Shown(N_("Excess that is called critical"), Unit.SHARE),
        "apart_at": Shown(N_("Largest AUC between the two tables' inputs at which the stand-in is trusted"), Unit.NUMBER),
        "covered_at": Shown(N_("Share of current rows that must be covered"), Unit.SHARE),
    },
)
OUTSIDE: Final = Rule[NotCovered](
    code="REP002",
    lane=Lane.MODEL,
    title=N_("Answers outside what the reference covers"),
    says=N_(
        "The inputs moved so far that the answers can't be checked: {beyond:percent} of the current rows lie where "
        "the reference has hardly any, and {share:percent} of all answers are not what a stand-in expects."
    ),
    why=N_("There the reference has no rows to learn from, so nobody can say here whether the same model answers."),
    remedy=N_("Look at the inputs of these rows first (step 2 and step 4); then score them with the approved model."),
    statistic=N_("Rows that lie where the reference has hardly any, and how many of them got another answer than expected."),
    source="Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011",
    severity=Severity.INFO,
    thresholds={
        "beyond_at": Shown(N_("Share of current rows beyond the reference that counts"), Unit.SHARE),
        "times_at": Shown(N_("Times the usual share"), Unit.NUMBER),
    },
)
RULES: Final = (OTHER_ANSWERS, OUTSIDE)

ROWS: Final = 5_000
"""Rows of each side that are scored again; a share is then known to within a point and a half."""

USUAL: Final = 0.95
"""The tolerance is the difference that 95 in 100 unseen reference rows stay below."""

SKILL: Final = 0.3
"""A stand-in that explains less than this of the logged answers can't check them."""

MIN_ROWS: Final = 30


@dataclass(frozen=True)
class Replayed:
    """The stand-in's answers beside the logged ones, on unseen reference rows and on current rows.

    answer: what the prediction column holds. fidelity: agreement on unseen reference rows (share of equal labels, or R²).
    tolerance: difference that counts as the same answer, in the answer's unit (0 for labels).
    natural: share of reference rows beyond the tolerance, weighted to look like the current rows inside.
    inside, outside: share of current rows beyond it, where the reference has rows and where it has none; overall: of all.
    covered: share of the current rows that lie inside. apart: how well the two tables' inputs can be told apart, 0.5 to 1.
    largest: largest difference inside. bias: mean of logged less expected inside, less the same on the reference; NaN for labels.
    ranking: rank correlation of logged and expected answers inside, NaN for labels; ranking_before: the same in the reference.
    expected, logged: answers of at most 2,000 current rows inside, shape (k,), for the picture (floats; empty for labels).
    pairs: for labels, (expected, logged, rows) of the commonest combinations inside.
    """

    answer: Answer
    fidelity: float
    tolerance: float
    natural: intervals.Interval
    inside: intervals.Interval
    outside: intervals.Interval
    overall: float
    covered: float
    apart: float
    largest: float
    bias: float
    ranking: float
    ranking_before: float
    since: datetime | None
    segment: str | None
    segment_column: str | None
    expected: tuple[float, ...]
    logged: tuple[float, ...]
    pairs: tuple[tuple[str, str, int], ...]
    rows: int


def profile(incident: Incident) -> Replayed:
    """Raises NotApplicable without both tables and predictions on both sides, or when no stand-in fits."""
    incident.pair()
    incident.role("prediction")
    drawn = samples(incident)
    if incident.model is not None and _came_back(incident):
        raise NotApplicable(N_("The uploaded model itself answered the rows again, so no stand-in is asked."), needs="model")
    stand = surrogate(incident)
    known = stand.outcome
    if known.answers.reference is None or known.answers.current is None:
        raise NotApplicable(N_("The current table has no predictions to reproduce."), needs="prediction")
    if stand.skill < SKILL:
        raise NotApplicable(
            N_(
                "A stand-in fitted here explains only {skill:percent} of the logged answers, so it can't check them: "
                "the tables may lack a column that the model uses."
            ),
            needs="model",
            skill=stand.skill,
        )
    rng = np.random.default_rng(incident.seed)
    home = _few(stand.held, rng)
    away = _few(np.flatnonzero(pd.notna(known.answers.current)), rng)
    if home.size < 10 or away.size < 10:
        raise NotApplicable(
            N_("Too few rows with predictions to compare: {rows:count} in the current table."),
            needs="prediction",
            rows=int(away.size),
        )
    before, after = stand.encoder.matrix(drawn.reference.iloc[home]), stand.encoder.matrix(drawn.current.iloc[away])
    logged_before, logged_after = known.answers.reference[home], known.answers.current[away]
    told_before, told_after = stand.answers_of(before), stand.answers_of(after)
    place = coverage(before, after, rng)
    gap_before, gap_after = _gap(known, told_before, logged_before), _gap(known, told_after, logged_after)
    tolerance = 0.0 if known.answer is Answer.LABEL else float(np.quantile(gap_before, USUAL))
    off_before, off_after = gap_before > tolerance, gap_after > tolerance
    inside = place.inside
    natural = _weighted(off_before, place.weights)
    segment, column = group_at_fault(drawn, incident, away[inside], off_after[inside], natural)
    when = times(drawn.current, incident.roles.timestamp)
    began = None
    if when is not None and inside.sum() >= MIN_ROWS:
        began = since(when[away][inside], off_after[inside].astype("float64"), natural.value)
    bias, ranking, ranking_before = _shape(known, told_before, logged_before, told_after[inside], logged_after[inside])
    return Replayed(
        known.answer,
        stand.fidelity,
        tolerance,
        natural,
        intervals.share(float(off_after[inside].sum()), float(inside.sum())),
        intervals.share(float(off_after[~inside].sum()), float((~inside).sum())),
        float(off_after.mean()),
        float(inside.mean()),
        place.apart,
        float(gap_after[inside].max()) if inside.any() else 0.0,
        bias,
        ranking,
        ranking_before,
        began,
        segment,
        column,
        *_picture(known, told_after[inside], logged_after[inside]),
        rows=int(away.size),
    )


def judge(
    p: Replayed,
    *,
    excess_at: float = 0.06,
    label_excess_at: float = 0.04,
    times_at: float = 2.0,
    critical_at: float = 0.2,
    apart_at: float = 0.7,
    covered_at: float = 0.1,
    beyond_at: float = 0.2,
) -> list[Finding]:
    """REP001 fires when, where the reference has rows, the share beyond the tolerance exceeds the natural one by `excess_at` (for
    labels `label_excess_at`), is `times_at` times it, and the 95% intervals do not touch; not when the inputs can be told apart
    with an area above `apart_at`, because then the stand-in itself may be wrong.

    REP002 fires instead when that cannot be said, or when at least `beyond_at` of the current rows lie outside and the share
    there exceeds the natural one in the same way. By construction 5 in 100 reference rows are beyond the tolerance. Over six
    public tables, three kinds of model and eight faults of the data, the excess stayed below 0.02 for labels and 0.04 for scores
    as long as the inputs were that alike.
    """
    excess = p.inside.value - p.natural.value
    wanted = label_excess_at if p.answer is Answer.LABEL else excess_at
    clear = excess >= wanted and p.inside.value >= times_at * p.natural.value and p.inside.low > p.natural.high
    if clear and p.covered >= covered_at and p.apart <= apart_at:
        return [
            OTHER_ANSWERS.found(
                OtherPredictions(
                    since=p.since,
                    segment=None if p.segment is None else f"{p.segment_column} = {p.segment}",
                    weight=float(np.clip(excess, 0, 1)),
                    share=p.inside.value,
                    column=p.segment_column,
                    level=p.segment,
                    # Where the group is named, the sentence gives no time.
                    since_=p.since if p.segment is None else None,
                    **_numbers(p),
                ),
                severity=Severity.CRITICAL if excess >= critical_at else Severity.WARNING,
            )
        ]
    beyond = 1 - p.covered
    if clear or (beyond >= beyond_at and p.outside.low > max(times_at * p.natural.high, wanted)):
        weight = float(np.clip(p.overall, 0, 1))
        return [OUTSIDE.found(NotCovered(since=p.since, weight=weight, share=p.overall, beyond=beyond, **_numbers(p)))]
    return []


def _numbers(p: Replayed) -> dict[str, Any]:
    """The fields of `Compared` that are the same for both rules."""
    return {
        "natural": p.natural.value,
        "fidelity": p.fidelity,
        "largest": p.largest,
        "tolerance": p.tolerance,
        "covered": p.covered,
        "apart": p.apart,
        "bias": _finite(p.bias),
        "ranking": _finite(p.ranking),
        "ranking_before": _finite(p.ranking_before),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _came_back(incident: Incident) -> bool:
    """Whether the uploaded model gives the reference's answers back; then what it says of the current ones is worth more."""
    try:
        return uploaded_model(incident).skill >= TRUSTED
    except NotApplicable:
        return False


def offending(incident: Incident, finding: Finding[Compared]) -> pd.DataFrame | None:
    """Current rows whose answer is not what the stand-in expects, with its answer beside, at most `ROWS`."""
    drawn, stand = samples(incident), surrogate(incident)
    answers = stand.outcome.answers.current
    if answers is None:
        return None
    rows = np.flatnonzero(pd.notna(answers))
    told = stand.answers(drawn.current.iloc[rows])
    off = _gap(stand.outcome, told, answers[rows]) > finding.of.tolerance
    chosen = rows[off][:ROWS]
    return drawn.current.iloc[chosen].assign(expected_answer=told[off][:ROWS])


def _few(rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if rows.size <= ROWS else np.sort(rng.choice(rows, ROWS, replace=False))


def _gap(known: Outcome, told: NDArray[np.generic], logged: NDArray[np.generic]) -> NDArray[np.float64]:
    """How far two answers are apart, shape (n,): 0 or 1 for labels, else the difference; infinite answers count as far."""
    if known.answer is Answer.LABEL:
        return np.asarray(told.astype(str) != logged.astype(str), dtype="float64")
    gap = np.abs(told.astype("float64") - logged.astype("float64"))
    return np.asarray(np.where(np.isnan(gap), np.inf, gap))


def _weighted(off: NDArray[np.bool_], weights: NDArray[np.float64]) -> intervals.Interval:
    """Share of `off` under weights, with the interval of as many rows as the weights are worth (Kish 1965)."""
    total = float(weights.sum())
    worth = total**2 / float((weights**2).sum())
    value = float(weights[off].sum()) / total
    return intervals.share(value * worth, worth)


def _shape(
    known: Outcome,
    told_before: NDArray[np.generic],
    logged_before: NDArray[np.generic],
    told: NDArray[np.generic],
    logged: NDArray[np.generic],
) -> tuple[float, float, float]:
    """Bias and rank correlations; NaN for labels and where nothing varies."""
    if known.answer is Answer.LABEL or told.size < MIN_ROWS:
        return float("nan"), float("nan"), float("nan")
    a, b = told_before.astype("float64"), logged_before.astype("float64")
    x, y = told.astype("float64"), logged.astype("float64")
    fine = np.isfinite(y)
    bias = float(np.mean(y[fine] - x[fine]) - np.mean(b - a)) if fine.any() else float("nan")
    return bias, _ranking(x[fine], y[fine]), _ranking(a, b)


def _ranking(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)


def _picture(
    known: Outcome, told: NDArray[np.generic], logged: NDArray[np.generic]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[tuple[str, str, int], ...]]:
    if known.answer is Answer.LABEL:
        counted = Counter(zip(told.astype(str).tolist(), logged.astype(str).tolist(), strict=True))
        ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        return (), (), tuple((expected, given, rows) for (expected, given), rows in ordered[:36])
    fine = np.isfinite(logged.astype("float64"))
    x, y = told[fine].astype("float64")[:2_000], logged[fine].astype("float64")[:2_000]
    return tuple(map(float, x)), tuple(map(float, y)), ()
