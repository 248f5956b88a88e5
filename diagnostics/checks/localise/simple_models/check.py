"""Simple models: do a constant, a rule, a small tree and a line fail on the current rows too? Then it is the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.localise.simple_models.models import FIT_ROWS, fit_all, matrix_for, prepare
from diagnostics.measure.onset import since
from diagnostics.measure.outcome import Outcome, partial, row_loss
from diagnostics.measure.samples import Samples, encoder, samples, times
from diagnostics.measure.surrogate import FIT_COLUMNS, surrogate
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Null, Rule, Severity
from diagnostics.nouns.words import N_


class Verdict(StrEnum):
    """Where the loss comes from: nowhere (there is none), the data, the model or its service, or it can't be said."""

    FINE = "fine"
    DATA = "data"
    MODEL = "model"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class SameRows(Entry):
    """Mean losses of the logged predictions and of small models fitted here, on the same rows; `unit` names the loss.

    before, after: of the model that the sentence speaks of, whose kind is `simple`.
    """

    verdict: Verdict
    unit: str = shown(N_("Measure of error"), Unit.TERM)
    logged_before: float = shown(N_("Error of the logged predictions in the reference"))
    logged_after: float = shown(N_("Error of the logged predictions in the current table"))
    simple: str
    before: float = shown(N_("Error of a small model on unseen reference rows"))
    after: float = shown(N_("Error of that small model on current rows"))
    rows: int = shown(N_("Current rows that were compared"), Unit.COUNT)
    stand_in_before: float | None = shown(N_("Error of the stand-in on unseen reference rows"), optional=True)
    stand_in_after: float | None = shown(N_("Error of the stand-in on current rows"), optional=True)
    logged: bool = internal()


def _say_data(entry: SameRows) -> str:
    if not entry.logged:
        return N_(
            "The {unit:term} of a simple model fitted on the reference rose from {before:number} to {after:number} on the "
            "current rows: it is the data or their meaning."
        )
    return N_(
        "The {unit:term} of the logged answers rose from {logged_before:number} to {logged_after:number}, and a model fitted "
        "here fails on the same rows too, from {before:number} to {after:number}: it is the data or their meaning, not the model."
    )


ROSE: Final = {"rise_at": Shown(N_("Rise of the error, as a share of itself, that counts"), Unit.SHARE)}

DATA: Final = Rule[SameRows](
    code="LOC001",
    null=Null.ANYTHING,
    title=N_("Simple models fail on the same rows"),
    says=_say_data,
    why=N_(
        "Models that have nothing in common with yours but the data lose on these rows too: the data or their meaning changed."
    ),
    remedy=N_(
        "Leave the model as it is and look at the inputs (step 2) and at what moved (step 4); a new model would fail as well."
    ),
    statistic=N_(
        "The mean loss of small models, fitted here on reference rows, on reference rows they have not seen and on current rows."
    ),
    source="Sculley et al. 2015, Hidden technical debt in machine learning systems (NeurIPS); Breck et al. 2017, "
    "doi:10.1109/BigData.2017.8258038 (a simpler model as a baseline)",
    thresholds=ROSE | {"data_at": Shown(N_("Share of the rise that a small model must show for it to be the data"), Unit.SHARE)},
)
MODEL: Final = Rule[SameRows](
    code="LOC002",
    null=Null.ANYTHING,
    title=N_("Only the logged answers fail"),
    says=N_(
        "The {unit:term} of the logged answers rose from {logged_before:number} to {logged_after:number}, while a simple "
        "model holds at {after:number} on the same rows ({before:number} in the reference): the inputs still tell the "
        "answer, the model or its service fails."
    ),
    why=N_(
        "Small models do as well as ever on the same rows, so the inputs still tell the answer: the model or its service broke."
    ),
    remedy=N_(
        "Check which model file serves, what the service does to the inputs, and what changed in its environment (steps 3 and 5)."
    ),
    statistic=N_(
        "The mean loss of small models, fitted here on reference rows, on reference rows they have not seen and on current rows."
    ),
    source="Breck et al. 2017, doi:10.1109/BigData.2017.8258038 (a simpler model as a baseline)",
    severity=Severity.CRITICAL,
    thresholds=ROSE
    | {"holds_at": Shown(N_("Share of the rise that no small model may show for it to be the model"), Unit.SHARE)},
)
RULES: Final = (DATA, MODEL)

ROWS: Final = 8_000
"""Rows of each side that are scored."""

MIN_ROWS: Final = 30


@dataclass(frozen=True)
class Scored:
    """One model's mean loss with 95% intervals. kind: "logged", "stand-in" or a key of `plain_models.NAMES`.

    rise: current less reference. column: the column of the one rule, None otherwise.
    """

    kind: str
    reference: Interval
    current: Interval
    rise: Interval
    column: str | None = None


@dataclass(frozen=True, kw_only=True)
class SimpleModels:
    """models: the logged answers (where there are any), the stand-in for them, then the simple ones from plain to fresh.

    unit: what the loss is. best: kind of the simple model with the least loss on the reference, never the dummy. rows: scored.
    since: when the loss of the logged answers (or of the best simple model) rose. logged: whether both sides have answers.
    """

    unit: str
    models: tuple[Scored, ...]
    best: str
    rows: Sides[int]
    since: datetime | None
    logged: bool

    def of(self, kind: str) -> Scored | None:
        return next((m for m in self.models if m.kind == kind), None)


def profile(incident: Incident) -> SimpleModels:
    """Raises NotApplicable without both tables or without true answers on both sides."""
    incident.pair()
    target = incident.role("target")
    drawn = samples(incident)
    known = _unit(partial(incident, drawn))
    truth = known.truth
    if truth.reference is None or truth.current is None:
        raise NotApplicable(
            N_("No true answers in {column:name} of both tables, so simple models can't be scored: add them when they arrive."),
            needs="target",
            column=target,
        )
    rng = np.random.default_rng(incident.seed)
    home, away = _known(truth.reference), _known(truth.current)
    if home.size < 2 * MIN_ROWS or away.size < 10:
        raise NotApplicable(
            N_("Too few rows with a true answer: {reference:count} in the reference, {current:count} in the current table."),
            needs="target",
            reference=int(home.size),
            current=int(away.size),
        )
    if len(set(truth.reference[home].tolist())) < 2:
        raise NotApplicable(N_("The true answers of the reference are all the same: there is nothing to learn."), needs="target")
    shuffled = rng.permutation(home)
    held, used = np.sort(shuffled[: home.size // 3][:ROWS]), shuffled[home.size // 3 :][:FIT_ROWS]
    if len(set(truth.reference[used].tolist())) < 2:
        raise NotApplicable(N_("The true answers of the reference are nearly all the same: nothing to learn."), needs="target")
    if away.size > ROWS:
        away = away[np.linspace(0, away.size - 1, ROWS).astype(int)]
    coder = encoder(drawn)
    coder = replace(coder, features=coder.features[:FIT_COLUMNS])
    preparation = prepare(coder, drawn.reference.iloc[used])
    plain = fit_all(
        known, preparation.rows(drawn.reference.iloc[used]), truth.reference[used], coder.features, seed=incident.seed
    )
    before, after = preparation.rows(drawn.reference.iloc[held]), preparation.rows(drawn.current.iloc[away])
    rows_home, rows_away = truth.reference[held], truth.current[away]
    models, losses = _answered(incident, drawn, known, held, away)
    logged = any(m.kind == "logged" for m in models)
    for simple in plain:
        a = row_loss(known, rows_home, simple.answers(matrix_for(simple, before)))
        b = row_loss(known, rows_away, simple.answers(matrix_for(simple, after)))
        models.append(_scored(simple.kind, a, b, simple.rule))
        losses[simple.kind] = b
    best = min((m for m in models if m.kind in ("rule", "tree", "linear", "fresh")), key=lambda m: m.reference.value).kind
    when = times(drawn.current, incident.roles.timestamp)
    began = None
    if when is not None:
        watched = "logged" if logged else best
        home_loss = next(m.reference.value for m in models if m.kind == watched)
        began = since(when[away], losses[watched], home_loss)
    return SimpleModels(
        unit=known.loss_name,
        models=tuple(models),
        best=best,
        rows=Sides(int(held.size), int(away.size)),
        since=began,
        logged=logged,
    )


def verdict(p: SimpleModels, *, rise_at: float = 0.1, data_at: float = 0.5, holds_at: float = 0.25) -> Verdict:
    """fine: the loss did not rise by `rise_at` of itself beyond its interval. data: the stand-in or a simple model loses at least
    `data_at` of what the logged answers lose. model: the stand-in, the best simple model and the fresh one all lose less
    than `holds_at` of it. undecided in between.
    """
    judged = p.of("logged") or p.of(p.best)
    if judged is None or not _rose(judged, rise_at):
        return Verdict.FINE
    if not p.logged:
        return Verdict.DATA
    others = [m for m in (p.of("stand-in"), p.of(p.best), p.of("fresh")) if m is not None]
    shares = [m.rise.value / judged.rise.value for m in others]
    if max(shares) < holds_at:
        return Verdict.MODEL
    if any(share >= data_at and m.rise.low > 0 for share, m in zip(shares, others, strict=True)):
        return Verdict.DATA
    return Verdict.UNDECIDED


def judge(p: SimpleModels, *, rise_at: float = 0.1, data_at: float = 0.5, holds_at: float = 0.25) -> list[Finding]:
    """See `verdict`. A tenth of the loss is the smallest rise worth a person's morning; a half and a quarter leave a gap between
    the two verdicts, in which nothing is said.
    """
    said = verdict(p, rise_at=rise_at, data_at=data_at, holds_at=holds_at)
    if said not in (Verdict.DATA, Verdict.MODEL):
        return []
    best, judged, stand = p.of(p.best), p.of("logged") or p.of(p.best), p.of("stand-in")
    if best is None or judged is None:
        return []
    rule, shown_model = MODEL, best
    if said is Verdict.DATA:
        rule, shown_model = DATA, max((m for m in (stand, best) if m is not None), key=lambda m: m.rise.value)
    entry = SameRows(
        since=p.since,
        weight=_size(judged),
        verdict=said,
        unit=p.unit,
        logged_before=judged.reference.value,
        logged_after=judged.current.value,
        simple=shown_model.kind,
        before=shown_model.reference.value,
        after=shown_model.current.value,
        rows=p.rows.current,
        stand_in_before=None if stand is None else stand.reference.value,
        stand_in_after=None if stand is None else stand.current.value,
        logged=p.logged,
    )
    return [rule.found(entry)]


def _rose(m: Scored, rise_at: float) -> bool:
    return m.rise.low > 0 and m.current.low > m.reference.high and m.rise.value >= rise_at * m.reference.value


def _size(m: Scored) -> float:
    return float(np.clip(m.rise.value / max(m.current.value, 1e-12), 0, 1))


def _unit(known: Outcome) -> Outcome:
    """The outcome as it is; without logged answers in the unit that suits the task."""
    if known.answers.reference is not None or known.answers.current is not None:
        return known
    if known.task is Task.REGRESSION:
        return replace(known, answer=Answer.VALUE)
    return replace(known, answer=Answer.SCORE if known.positive is not None and len(known.classes) == 2 else Answer.LABEL)


def _known(truth: NDArray[np.generic]) -> NDArray[np.intp]:
    return np.flatnonzero(np.isfinite(truth) if truth.dtype.kind == "f" else pd.notna(truth))


def _answered(
    incident: Incident, drawn: Samples, known: Outcome, held: NDArray[np.intp], away: NDArray[np.intp]
) -> tuple[list[Scored], dict[str, NDArray[np.float64]]]:
    """The logged answers where both sides have them, and the stand-in for them where one can be fitted."""
    models: list[Scored] = []
    losses: dict[str, NDArray[np.float64]] = {}
    before, after = known.loss("reference"), known.loss("current")
    if before is None or after is None or np.isfinite(before[held]).sum() < 10 or np.isfinite(after[away]).sum() < 10:
        return models, losses
    models.append(_scored("logged", before[held], after[away]))
    losses["logged"] = after[away]
    try:
        stand = surrogate(incident)
    except NotApplicable:
        return models, losses  # Too few different answers for a stand-in: the simple models decide alone.
    truth = known.truth
    unseen = stand.held[np.isin(stand.held, _known(truth.reference))] if truth.reference is not None else stand.held
    if unseen.size < MIN_ROWS or truth.reference is None or truth.current is None or stand.skill < 0.2:
        return models, losses
    unseen = unseen[:ROWS]
    a = row_loss(known, truth.reference[unseen], stand.answers(drawn.reference.iloc[unseen]))
    b = row_loss(known, truth.current[away], stand.answers(drawn.current.iloc[away]))
    models.append(_scored("stand-in", a, b))
    losses["stand-in"] = b
    return models, losses


def _scored(kind: str, before: NDArray[np.float64], after: NDArray[np.float64], column: str | None = None) -> Scored:
    a, b = intervals.mean(before), intervals.mean(after)
    half = float(np.hypot(a.high - a.value, b.high - b.value))
    rise = b.value - a.value
    return Scored(kind, a, b, Interval(rise, rise - half, rise + half), column)
