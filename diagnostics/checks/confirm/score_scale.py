"""Scale of scores: are the predicted probabilities written on both sides on the same scale, and the same way round?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from diagnostics.causes.catalogue import SCALE_OF_SCORES
from diagnostics.measure import engine
from diagnostics.measure.onset import onset
from diagnostics.measure.samples import Samples, as_level, as_number, samples, times
from diagnostics.measure.undo import Undo
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


class Scale(StrEnum):
    """How a probability is written."""

    SHARE = "share"
    """0 to 1."""

    HUNDRED = "hundred"
    """0 to 100."""

    LOG_ODDS = "log-odds"
    """The logarithm of p / (1 - p)."""


OUTSIDE: Final = 0.05
"""Share of the scores outside 0 to 1 from which on it is a scale, and not a few impossible values."""

HIGH: Final = 10.0
"""A score that some must exceed to be written as 0 to 100."""

LEAST: Final = 100
"""Rows a side from which on it can be told which way round scores run."""

BINS: Final = 10
LEVELS: Final = 30


@dataclass(frozen=True, kw_only=True)
class OtherScale(ColumnEntry):
    """The scores of both sides, as they are written."""

    before_low: float = shown(N_("Lowest score in the reference"))
    before_high: float = shown(N_("Highest score in the reference"))
    after_low: float = shown(N_("Lowest score in the current table"))
    after_high: float = shown(N_("Highest score in the current table"))
    before_scale: Scale = internal(Scale.SHARE)
    after_scale: Scale = internal(Scale.SHARE)


@dataclass(frozen=True, kw_only=True)
class TurnedRound(ColumnEntry):
    """Scores that are 1 less what they were."""

    agreement_before: float = shown(N_("Rank correlation of the scores with what the features predict, in the reference"))
    agreement_after: float = shown(N_("Rank correlation of the scores with what the features predict, in the current table"))


WRITTEN: Final = {
    (Scale.SHARE, Scale.HUNDRED): N_(
        "The scores in {column:name} are written as 0 to 100; in the reference they lie between 0 and 1."
    ),
    (Scale.HUNDRED, Scale.SHARE): N_(
        "The scores in {column:name} lie between 0 and 1; in the reference they are written as 0 to 100."
    ),
    (Scale.SHARE, Scale.LOG_ODDS): N_(
        "The scores in {column:name} are log-odds, from {after_low:number} to {after_high:number}; in the reference they are "
        "probabilities between 0 and 1."
    ),
    (Scale.LOG_ODDS, Scale.SHARE): N_(
        "The scores in {column:name} are probabilities between 0 and 1; in the reference they are log-odds, from "
        "{before_low:number} to {before_high:number}."
    ),
    (Scale.HUNDRED, Scale.LOG_ODDS): N_(
        "The scores in {column:name} are log-odds; in the reference they are written as 0 to 100."
    ),
    (Scale.LOG_ODDS, Scale.HUNDRED): N_(
        "The scores in {column:name} are written as 0 to 100; in the reference they are log-odds."
    ),
}

SCALE: Final = Rule[OtherScale](
    code="CON071",
    lane=Lane.MODEL,
    title=N_("The scores are written on another scale"),
    says=lambda entry: WRITTEN[entry.before_scale, entry.after_scale],
    why=N_("Whoever compares a score with a threshold, or reads it as a probability, now decides wrongly for most rows."),
    remedy=N_("Write the scores on the scale of the reference again, or change whatever reads them."),
    statistic=N_("The lowest and the highest score on each side."),
    source="Breck et al. 2019, Data validation for machine learning (MLSys)",
    severity=Severity.CRITICAL,
    suggests=SCALE_OF_SCORES,
    clear=0.97,
    first=True,
)
TURNED: Final = Rule[TurnedRound](
    code="CON072",
    lane=Lane.MODEL,
    title=N_("The scores run the other way round"),
    says=N_("The scores in {column:name} run the other way round: rows that had high scores in the reference now have low ones."),
    why=N_("A score that gives the probability of the other class turns every decision that rests on it into its opposite."),
    remedy=N_("Take 1 less the score, or let the service give the probability of the same class as before."),
    statistic=N_(
        "How well the scores rank the rows as the features would, learnt on the reference: 1 the same, -1 the opposite."
    ),
    source="Spearman 1904, doi:10.2307/1412159",
    severity=Severity.CRITICAL,
    suggests=SCALE_OF_SCORES,
    clear=0.95,
    first=True,
    thresholds={
        "agreed_at": Shown(N_("Rank correlation that the reference must have"), Unit.NUMBER),
        "turned_at": Shown(N_("Share of it that must be found with the opposite sign"), Unit.SHARE),
    },
)
RULES: Final = (SCALE, TURNED)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How scores are written. scales: None for a side whose scores are on no known scale.

    agreement: Spearman's correlation of the scores with what the features predict of them, NaN where there are too few rows.
    """

    column: str
    scales: Sides[Scale | None]
    low: Sides[float]
    high: Sides[float]
    since: datetime | None
    """When the scale changed, where that was after the first current rows."""

    agreement: Sides[float]


def profile(incident: Incident) -> Scores:
    """Raises NotApplicable without both tables, without scores, or when a side has none."""
    tables, name = incident.pair(), incident.role("prediction")
    if incident.answer is not Answer.SCORE:
        raise NotApplicable(
            N_("The predictions are classes or numbers: they have no scale of probabilities."), needs="prediction"
        )
    if name not in tables.reference or name not in tables.current:
        raise NotApplicable(N_("One of the tables has no predictions."), needs="prediction")
    frames = engine.sample(tables.reference, seed=incident.seed), engine.sample(tables.current, seed=incident.seed + 1)
    before, after = (as_number(frame[name]).to_numpy("float64") for frame in frames)
    known = [side[np.isfinite(side)] for side in (before, after)]
    if not known[0].size or not known[1].size:
        raise NotApplicable(N_("One of the tables has no predictions."), needs="prediction")
    scales = Sides(scale_of(before), scale_of(after))
    clock = times(frames[1], incident.roles.timestamp)
    since = None
    if clock is not None and scales.current is not scales.reference:
        change = onset(clock, ((after < 0) | (after > 1)).astype("float64"))
        # With all rows on the new scale nothing dates the change.
        since = change.since if change is not None and abs(change.after - change.before) > 0.5 else None
    return Scores(
        column=name,
        scales=scales,
        low=Sides(float(known[0].min()), float(known[1].min())),
        high=Sides(float(known[0].max()), float(known[1].max())),
        since=since,
        agreement=_agreement(incident, name),
    )


def scale_of(scores: NDArray[np.float64]) -> Scale | None:
    """The scale of `scores`, shape (n,); None when they are on none, or there are none."""
    known = scores[np.isfinite(scores)]
    if not known.size:
        return None
    if np.mean(known < 0) >= OUTSIDE:
        return Scale.LOG_ODDS
    if np.mean(known > 1) < OUTSIDE:
        return Scale.SHARE
    return Scale.HUNDRED if known.max() <= 100 and known.max() > HIGH else None


def judge(p: Scores, *, agreed_at: float = 0.3, turned_at: float = 0.5) -> list[Finding]:
    """Another scale always fires. Scores are turned round when the features predict their order in the reference with a rank
    correlation of `agreed_at`, and the opposite order now with `turned_at` of it; both were chosen with the cases in the tests.
    """
    before, after = p.scales.reference, p.scales.current
    if before is not None and after is not None and before is not after:
        entry = OtherScale(
            weight=1.0,
            since=p.since,
            column=p.column,
            before_low=p.low.reference,
            before_high=p.high.reference,
            after_low=p.low.current,
            after_high=p.high.current,
            before_scale=before,
            after_scale=after,
        )
        return [SCALE.found(entry)]
    was, now = p.agreement.reference, p.agreement.current
    if not was >= agreed_at or not now <= -turned_at * was:
        return []
    return [TURNED.found(TurnedRound(weight=1.0, column=p.column, agreement_before=was, agreement_after=now))]


def undo(finding: Finding[OtherScale | TurnedRound], incident: Incident) -> Undo:
    """The current scores on the scale of the reference, from when they changed."""
    entry, clock = finding.of, incident.roles.timestamp

    def repair(frame: pd.DataFrame) -> pd.DataFrame:
        if entry.column not in frame:
            return frame
        scores = as_number(frame[entry.column]).to_numpy("float64")
        if isinstance(entry, TurnedRound):
            mended = 1 - scores
        else:
            mended = to_scale(to_share(scores, entry.after_scale), entry.before_scale)
        when = times(frame, clock)
        if entry.since is not None and when is not None:
            mended = np.where(when >= np.datetime64(entry.since), mended, scores)
        return frame.assign(**{entry.column: mended})

    return Undo(repair=repair)


def to_share(scores: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Scores on `scale` as probabilities between 0 and 1, shape (n,)."""
    if scale is Scale.HUNDRED:
        return scores / 100
    if scale is Scale.LOG_ODDS:
        return np.asarray(1 / (1 + np.exp(-np.clip(scores, -700, 700))))
    return scores


def to_scale(shares: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Probabilities between 0 and 1 on `scale`, shape (n,)."""
    if scale is Scale.HUNDRED:
        return shares * 100
    if scale is Scale.LOG_ODDS:
        inside = np.clip(shares, 1e-12, 1 - 1e-12)
        return np.asarray(np.log(inside / (1 - inside)))
    return shares


def _agreement(incident: Incident, name: str) -> Sides[float]:
    """Rank correlation of each side's scores with what the features predict of them.

    Learnt on every other row of the reference, looked at on the others: each feature adds the mean rank of the scores of its
    tenth of the values, or of its level. That is no good model, but it knows which way round scores run.
    """
    unknown = Sides(float("nan"), float("nan"))
    try:
        drawn = samples(incident)
    except NotApplicable:
        return unknown  # The tables share no feature; the scale is judged without.
    ranks = []
    for frame in (drawn.reference, drawn.current):
        scores = as_number(frame[name]).to_numpy("float64")
        known = np.isfinite(scores)
        if known.sum() < LEAST:
            return unknown
        rank = np.full(len(scores), np.nan)
        rank[known] = rankdata(scores[known]) / known.sum() - 0.5
        ranks.append(rank)
    learnt = np.arange(len(drawn.reference)) % 2 == 0
    told = [np.zeros(len(drawn.reference)), np.zeros(len(drawn.current))]
    for feature in drawn.features:
        for side, part in enumerate(_means(drawn, feature, ranks[0], learnt)):
            told[side] = told[side] + part
    return Sides(_correlation(ranks[0][~learnt], told[0][~learnt]), _correlation(ranks[1], told[1]))


def _means(
    drawn: Samples, feature: str, rank: NDArray[np.float64], learnt: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean rank that goes with each row's value of `feature`, 0 where it is not known, for both sides."""
    left, right = drawn.reference[feature], drawn.current[feature]
    if drawn.kinds[feature] is Kind.NUMBER:
        values = left.to_numpy("float64")
        cuts = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)[1:-1])) if np.isfinite(values).any() else np.zeros(1)
        left, right = (
            pd.Series(np.where(np.isnan(side.to_numpy("float64")), -1, np.searchsorted(cuts, side.to_numpy("float64"))))
            for side in (left, right)
        )
    elif drawn.kinds[feature] is Kind.CATEGORY:
        left, right = as_level(left).reset_index(drop=True), as_level(right).reset_index(drop=True)
        if left.nunique() > LEVELS:
            return np.zeros(len(left)), np.zeros(len(right))
    else:
        return np.zeros(len(left)), np.zeros(len(right))
    means = pd.Series(np.where(learnt, rank, np.nan)).groupby(left).mean()
    told = [np.asarray(side.map(means).fillna(0.0), dtype="float64") for side in (left, right)]
    return told[0], told[1]


def _correlation(rank: NDArray[np.float64], told: NDArray[np.float64]) -> float:
    """Spearman's, of the rows that have a score; NaN where either does not vary."""
    known = np.isfinite(rank)
    if np.ptp(told[known]) == 0 or np.ptp(rank[known]) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(rank[known]), rankdata(told[known]))[0, 1])
