"""Calibration: do the predictions still rank the rows as before while their level or spread moved?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import MISCALIBRATION
from diagnostics.checks.confirm.calibration.expected import Expected, expected
from diagnostics.checks.confirm.calibration.reliability import Reliability, reliability
from diagnostics.measure.coverage import coverage
from diagnostics.measure.onset import onset, since
from diagnostics.measure.samples import samples, times
from diagnostics.measure.surrogate import surrogate
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Bent(Entry):
    """How the logged predictions relate to those that the same inputs used to get."""

    cause: CauseKind = MISCALIBRATION
    shift: float = shown(N_("Change of the mean prediction for the same inputs"))
    slope: float = shown(N_("Spread of the predictions for the same inputs, now against before"))
    moved: float
    """Mean distance between the two maps, in the unit of the prediction."""

    size: float
    """The same in spreads of the prediction; a share of the rows for labels."""

    explained: float = shown(N_("Share of the change that keeps the order of the rows"), Unit.SHARE)
    ranking: float = shown(N_("Rank agreement with the expected predictions, current table"))
    ranking_before: float = shown(N_("Rank agreement with the expected predictions, reference"))
    sure: float = shown(N_("Change in standard errors"))
    apt: float
    """Share of the predictions' variation that the stand-in explains."""

    apart: float
    """How well the inputs of the two tables can be told apart, 0.5 to 1."""

    rows: int = shown(N_("Rows compared"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class Announced(Entry):
    """Predictions beside labels on both sides; all None without enough labels."""

    told: float | None = shown(N_("Mean prediction in the current table"), optional=True)
    came: float | None = shown(N_("Mean label in the current table"), optional=True)
    told_before: float | None = shown(N_("Mean prediction in the reference"), optional=True)
    came_before: float | None = shown(N_("Mean label in the reference"), optional=True)
    slope_before: float | None = shown(N_("Calibration slope in the reference (1 is right)"), optional=True)
    slope_after: float | None = shown(N_("Calibration slope in the current table (1 is right)"), optional=True)
    level_before: float | None = optional()
    level_after: float | None = optional()
    auc_before: float | None = shown(N_("Agreement of the ranking with the labels, reference"), optional=True)
    auc_after: float | None = shown(N_("Agreement of the ranking with the labels, current table"), optional=True)
    held: bool | None = shown(N_("The ranking held"), Unit.YES_NO, optional=True)


@dataclass(frozen=True, kw_only=True)
class LevelMoved(Announced, Bent):
    """`Bent`, then what the labels say about it."""

    class_: str | None = shown(N_("Predicted class"), Unit.NAME, optional=True)
    """The class whose share moved most, where the predictions are labels."""

    by: float | None = optional()
    """Size of the shift, where the level of scores or numbers moved more than their spread."""


@dataclass(frozen=True, kw_only=True)
class Promise(Announced):
    """Predictions that came to lie above or below the labels on average."""

    gap: float = shown(N_("Distance from the labels on average, in the current table"))
    gap_before: float = shown(N_("Distance from the labels on average, in the reference"))
    signed: float
    """Mean prediction less mean label in the current table."""

    score: bool = internal()
    """Whether the predictions are probabilities."""

    steady: bool = internal()
    """Whether the stand-in shows that the same inputs get the same predictions as before, so that the labels moved."""

    explained: float | None = shown(N_("Share of the change that keeps the order of the rows"), Unit.SHARE, optional=True)
    answers_moved: float | None = optional()
    """How far the map of the predictions moved, in spreads of the prediction."""


def _promised(entry: Promise) -> str:
    if entry.score and entry.signed > 0:
        return N_(
            "The scores are {gap:points} points too high on average (in the reference they were off by {gap_before:points}), "
            "although they rank the rows as well as before."
        )
    if entry.score:
        return N_(
            "The scores are {gap:points} points too low on average (in the reference they were off by {gap_before:points}), "
            "although they rank the rows as well as before."
        )
    if entry.signed > 0:
        return N_(
            "Predictions are {gap:number} too high on average (in the reference they were off by {gap_before:number}), "
            "although they rank the rows as well as before."
        )
    return N_(
        "Predictions are {gap:number} too low on average (in the reference they were off by {gap_before:number}), "
        "although they rank the rows as well as before."
    )


def _says(entry: LevelMoved) -> str:
    if entry.class_ is not None:
        if entry.shift < 0:
            return N_(
                "{class:name} is answered in {size:points} of a hundred rows less often than the same inputs got before, and the "
                "rows next to the limit are those that changed: the limit moved."
            )
        return N_(
            "{class:name} is answered in {size:points} of a hundred rows more often than the same inputs got before, and the "
            "rows next to the limit are those that changed: the limit moved."
        )
    if entry.by is None:
        return N_("The answers lie {slope:number} times as far apart as the same inputs got before; their order held.")
    if entry.shift < 0:
        return N_("The answers lie {by:number} lower on average than the same inputs got before; their order held.")
    return N_("The answers lie {by:number} higher on average than the same inputs got before; their order held.")


LEVEL_MOVED: Final = Rule[LevelMoved](
    code="CON041",
    lane=Lane.ACCURACY,
    title=N_("Same order, other level"),
    says=_says,
    why=N_(
        "The answers still put the rows in the right order, but they lie higher, lower or further apart than for the same inputs "
        "before. Whoever acts on a limit now acts on other rows."
    ),
    remedy=N_(
        "Look for what was changed between the model and its users: a limit, a calibration step, a rescaling of the answer. Put "
        "it back, or calibrate again on recent labels."
    ),
    statistic=N_(
        "The logged answers are compared with those of a stand-in that was fitted to the reference's answers. How much of their "
        "difference goes away when the scale is bent, but no two rows change places?"
    ),
    source="Cox 1958, doi:10.1093/biomet/45.3-4.562 (slope and intercept); Van Calster et al. 2019, "
    "doi:10.1186/s12916-019-1466-7; Zadrozny and Elkan 2002, doi:10.1145/775047.775151 (isotonic map)",
    severity=Severity.CRITICAL,
    suggests=MISCALIBRATION,
    clear=0.92,
    thresholds={
        "moved_at": Shown(N_("Change, in spreads of the prediction, that counts"), Unit.NUMBER),
        "label_moved_at": Shown(N_("Share of the rows with another predicted class that counts"), Unit.SHARE),
        "sure_at": Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER),
        "explained_at": Shown(N_("Share of the change that must keep the order of the rows"), Unit.SHARE),
        "label_explained_at": Shown(N_("Share that must keep the order, where classes are predicted"), Unit.SHARE),
        "drop_at": Shown(N_("Loss of rank agreement that is still the same order"), Unit.NUMBER),
        "apt_at": Shown(N_("Share of the predictions that the stand-in must explain"), Unit.SHARE),
        "apart_at": Shown(N_("How often rows of the two tables may be told apart"), Unit.SHARE),
        "covered_at": Shown(N_("Share of the current rows that must look like reference rows"), Unit.SHARE),
        "critical_at": Shown(N_("Change that is called critical"), Unit.NUMBER),
    },
)
PROMISE: Final = Rule[Promise](
    code="CON042",
    lane=Lane.ACCURACY,
    title=N_("Predictions are too high or too low on average, in the same order"),
    says=_promised,
    why=N_(
        "Predictions and labels differ in level. If the model predicts as it always did, the labels moved: the mix of the "
        "classes, or what the same rows get."
    ),
    remedy=N_("Compare the class shares and the relation to the target (step 4); then calibrate again on recent labels."),
    statistic=N_(
        "Mean prediction less mean label, in both tables: did it grow by more than chance, and by an amount that matters?"
    ),
    source="Cox 1958, doi:10.1093/biomet/45.3-4.562; Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7",
    severity=Severity.INFO,
    suggests=lambda entry: None if entry.steady else MISCALIBRATION,
    # A small gap has many possible reasons.
    clear=lambda entry: min(0.3, entry.weight),
    thresholds={
        "level_at": Shown(N_("Change of the mean distance from the labels, in their spreads, that counts"), Unit.NUMBER),
        "gap_sure_at": Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER),
        "held_at": Shown(N_("Loss of ranking that is still the same order"), Unit.NUMBER),
    },
)
RULES: Final = (LEVEL_MOVED, PROMISE)

ROWS: Final = 4_000
MIN_ROWS: Final = 30
POINTS: Final = 20


@dataclass(frozen=True)
class Bend:
    """How the logged answers relate to the expected ones, on unseen reference rows and on the current rows at fault.

    ranking_before, ranking_after: rank correlation (for labels: chance that a row with the answer is expected higher, AUC).
    shift: mean of logged less expected now, less the same before, in the answer's unit (a share for labels), of the column
    `name` that moved most. slope: spread of the answers about their mean, now against before. moved: mean distance between
    the two maps. sure: gain of the new map over the old, or `shift`, whichever is larger in standard errors. explained: share of
    the excess distance that a monotone map takes away, at most 1. unit: spread of the logged answers in the reference. expected,
    before, after: points of both maps.
    """

    name: str
    ranking_before: float
    ranking_after: float
    shift: float
    slope: float
    moved: float
    sure: float
    explained: float
    unit: float
    since: datetime | None
    expected: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    rows: int


@dataclass(frozen=True)
class Calibration:
    """bend: None where no stand-in could check the answers. truth: None without labels on both sides or for labels as answers.

    apt: share of the answers' variation that the stand-in explains; apart: how well the inputs can be told apart, 0.5 to 1.
    """

    answer: Answer
    bend: Bend | None
    truth: Reliability | None
    apt: float
    covered: float
    apart: float


def profile(incident: Incident, *, apt_at: float = 0.3) -> Calibration:
    """Raises NotApplicable without both tables, or predictions on both sides, or when nothing can be compared.

    `apt_at`: a stand-in that explains less of the logged answers can't check them.
    """
    incident.pair()
    incident.role("prediction")
    drawn = samples(incident)
    stand = surrogate(incident)
    known = stand.outcome
    if known.answers.reference is None or known.answers.current is None:
        raise NotApplicable(N_("The current table has no predictions to compare."), needs="prediction")
    rng = np.random.default_rng([incident.seed, 41])
    seen = expected(incident, drawn, stand, ROWS, rng)
    earlier, when = (times(frame, incident.roles.timestamp) for frame in (drawn.reference, drawn.current))
    bend, covered, apart = None, float("nan"), float("nan")
    if seen is not None and seen.apt >= apt_at and any(drawn.kinds[n] is not Kind.TIME for n in stand.encoder.features):
        # A clock runs on: by its times every current row would lie where the reference has none.
        timeless = [drawn.kinds[name] is not Kind.TIME for name in stand.encoder.features]
        place = coverage(
            stand.encoder.matrix(drawn.reference.iloc[seen.home])[:, timeless],
            stand.encoder.matrix(drawn.current.iloc[seen.away])[:, timeless],
            rng,
        )
        covered, apart = float(place.inside.mean()), place.apart
        bend = _bend(known.answer, seen, place.inside, when)
    began = None if bend is None else bend.since
    return Calibration(
        known.answer, bend, reliability(known, Sides(earlier, when), began), seen.apt if seen else 0.0, covered, apart
    )


def judge(
    p: Calibration,
    *,
    moved_at: float = 0.1,
    label_moved_at: float = 0.03,
    sure_at: float = 4.5,
    explained_at: float = 0.6,
    label_explained_at: float = 0.4,
    drop_at: float = 0.04,
    apt_at: float = 0.6,
    apart_at: float = 0.75,
    covered_at: float = 0.3,
    critical_at: float = 0.4,
    level_at: float = 0.1,
    gap_sure_at: float = 4.0,
    held_at: float = 0.05,
) -> list[Finding]:
    """CON041 fires when, where the reference has rows, the answers moved by `moved_at` of their own spread (for labels: by
    `label_moved_at` of the rows), `sure_at` standard errors clear of chance, a monotone map explains `explained_at` of it (for
    labels, which are coarse, `label_explained_at`), and the rank agreement with the expected answers lost no more than `drop_at`.

    CON042 fires when, without that, predictions lie further above or below the labels on average than in the reference, by
    `level_at` spreads of the labels and by `gap_sure_at` standard errors, while the ranking lost no more than `held_at`. It names
    no cause where the stand-in shows that the predictions of the same inputs did not move.

    Cohen (1988) calls a tenth of a spread less than small; the amounts were chosen on benchmarks/incidents. A map that keeps the
    order leaves nothing unexplained; another model leaves most. Not when the stand-in explains less than `apt_at` of the logged
    answers, nor when the inputs can be told apart with an area above `apart_at`: the stand-in itself may then be wrong.
    """
    findings: list[Finding] = []
    bend, checked, size = p.bend, False, 0.0
    if bend is not None:
        size = bend.moved if p.answer is Answer.LABEL else bend.moved / max(bend.unit, 1e-12)
        wanted = label_moved_at if p.answer is Answer.LABEL else moved_at
        checked = p.apt >= apt_at and p.apart <= apart_at and p.covered >= covered_at
        monotone = bend.explained >= (label_explained_at if p.answer is Answer.LABEL else explained_at)
        # What the stand-in itself gets wrong may double, because the onset is known to some rows only.
        ordered = 1 - bend.ranking_after <= 2 * (1 - bend.ranking_before) + drop_at
        if checked and monotone and ordered and size >= wanted and bend.sure >= sure_at:
            entry = _level_moved(p, bend, size, held_at)
            findings.append(LEVEL_MOVED.found(entry, severity=Severity.CRITICAL if size >= critical_at else Severity.WARNING))
    grew = p.truth is not None and p.truth.grew(level_at=level_at, sure_at=gap_sure_at)
    if not findings and p.truth is not None and grew and p.truth.held(held_at):
        findings.append(PROMISE.found(_promise(p, p.truth, held_at, steady=checked and size < moved_at)))
    return findings


def _level_moved(p: Calibration, bend: Bend, size: float, held_at: float) -> LevelMoved:
    entry = LevelMoved(
        since=bend.since,
        weight=float(np.clip(size, 0, 1)),
        shift=bend.shift,
        slope=bend.slope,
        moved=bend.moved,
        size=size,
        explained=bend.explained,
        ranking=bend.ranking_after,
        ranking_before=bend.ranking_before,
        sure=bend.sure,
        apt=p.apt,
        apart=p.apart,
        rows=bend.rows,
        class_=bend.name if p.answer is Answer.LABEL else None,
        by=abs(bend.shift) if p.answer is not Answer.LABEL and abs(bend.shift) >= 0.5 * bend.moved else None,
    )
    return entry if p.truth is None else _announced(entry, p.truth, held_at)


A = TypeVar("A", bound=Announced)


def _announced(entry: A, truth: Reliability, held_at: float) -> A:
    return replace(
        entry,
        told=truth.current.told,
        came=truth.current.came,
        told_before=truth.reference.told,
        came_before=truth.reference.came,
        slope_before=truth.reference.slope,
        slope_after=truth.current.slope,
        level_before=truth.reference.level,
        level_after=truth.current.level,
        auc_before=truth.reference.ranking.value,
        auc_after=truth.current.ranking.value,
        held=truth.held(held_at),
    )


def _promise(p: Calibration, truth: Reliability, held_at: float, *, steady: bool) -> Promise:
    bend = p.bend
    entry = Promise(
        since=truth.since,
        weight=float(np.clip(truth.growth, 0, 1)) / 2,
        gap=abs(truth.current.gap),
        gap_before=abs(truth.reference.gap),
        signed=truth.current.gap,
        score=p.answer is Answer.SCORE,
        steady=steady,
        explained=None if bend is None else bend.explained,
        answers_moved=None if bend is None else bend.moved / max(bend.unit, 1e-12),
    )
    return _announced(entry, truth, held_at)


def _bend(answer: Answer, seen: Expected, inside: NDArray[np.bool_], when: NDArray[np.datetime64] | None) -> Bend | None:
    """The two maps, learnt on the reference and on the current rows from the onset on."""
    if inside.sum() < MIN_ROWS:
        return None
    logged, told = seen.logged_away[inside], seen.told_away[inside]
    usual = _map(seen.told_home, seen.logged_home, told)
    home = _map_crossed(seen.told_home, seen.logged_home)
    gap, gap_home = _squares(logged, usual), _squares(seen.logged_home, home)
    rows, began = np.arange(len(logged)), None
    if when is not None:
        clock = when[seen.away][inside]
        began, rows = _onset(clock, gap, gap_home, logged - usual, seen.logged_home - home)
    if rows.size < MIN_ROWS:
        return None
    logged, told, usual, gap = logged[rows], told[rows], usual[rows], gap[rows]
    own = _map_crossed(told, logged)
    win = gap - _squares(logged, own)
    excess = float(gap.mean() - gap_home.mean())
    distance = np.abs(own - usual).mean(axis=0)
    column = int(np.argmax(distance))
    x, y, x_home, y_home = told[:, column], logged[:, column], seen.told_home[:, column], seen.logged_home[:, column]
    spread = float(np.sqrt(seen.logged_home.var(axis=0).sum()))
    grid = np.quantile(x, np.linspace(0.02, 0.98, POINTS))
    return Bend(
        seen.names[column],
        _ranking(answer, x_home, y_home),
        _ranking(answer, x, y),
        float(np.mean(y - usual[:, column])),
        _slope(usual[:, column], y),
        float(distance[column]),
        # The old map is as uncertain as its rows are few.
        max(
            _sure(win, np.zeros(1)) * float(np.sqrt(y_home.size / (y_home.size + y.size))),
            abs(_sure(y - usual[:, column], y_home - home[:, column])),
        ),
        float(np.clip(win.mean() / excess, -1, 1)) if excess > 0 else 0.0,
        spread,
        began,
        tuple(map(float, grid)),
        tuple(map(float, _curve(x_home, y_home, grid))),
        tuple(map(float, _curve(x, y, grid))),
        int(rows.size),
    )


def _onset(
    clock: NDArray[np.datetime64],
    gap: NDArray[np.float64],
    gap_home: NDArray[np.float64],
    rest: NDArray[np.float64],
    rest_home: NDArray[np.float64],
) -> tuple[datetime | None, NDArray[np.intp]]:
    """Since when the answers differ, and the rows from then on: by the gap's size or sign, whichever changes more clearly."""
    shifts = rest.mean(axis=0) - rest_home.mean(axis=0)
    column = int(np.argmax(np.abs(shifts)))
    sign = 1.0 if shifts[column] >= 0 else -1.0
    watched = [(gap, float(gap_home.mean())), (sign * rest[:, column], sign * float(rest_home[:, column].mean()))]
    changes = [onset(clock, values) for values, _ in watched]
    best = max((0, 1), key=lambda i: -1.0 if (change := changes[i]) is None else change.strength)
    values, usual = watched[best]
    change = changes[best]
    rows = np.arange(len(values))
    began = since(clock, values, usual)
    # A rise that began with the first row, or one that ended again, leaves all rows.
    if change is not None and change.after > change.before and began == change.since:
        rows = np.flatnonzero(clock >= np.datetime64(change.since, "us"))
    return began, rows


def _sure(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Difference of the means in standard errors."""
    error = float(np.hypot(a.std() / np.sqrt(a.size), b.std() / np.sqrt(b.size)))
    return float(a.mean() - b.mean()) / error if error > 0 else 0.0


def _squares(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((a - b) ** 2).sum(axis=1))


def _curve(x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The best map that never falls, learnt on (x, y) and read off at `at`; all one-dimensional."""
    from sklearn.isotonic import IsotonicRegression

    return np.asarray(IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(at), dtype="float64")


def _map(told: NDArray[np.float64], logged: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([_curve(told[:, k], logged[:, k], at[:, k]) for k in range(told.shape[1])])


def _map_crossed(told: NDArray[np.float64], logged: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every row read off a map that was learnt on the other half of the rows, shape as `told`."""
    result = np.empty_like(told)
    even = np.arange(len(told)) % 2 == 0
    for mine in (even, ~even):
        result[mine] = _map(told[~mine], logged[~mine], told[mine])
    return result


def _ranking(answer: Answer, told: NDArray[np.float64], logged: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata, spearmanr

    if np.ptp(told) == 0 or np.ptp(logged) == 0:
        return float("nan")
    if answer is not Answer.LABEL:
        return float(spearmanr(told, logged).statistic)
    hit = logged == 1
    n, m = int(hit.sum()), int((~hit).sum())
    return float((rankdata(told)[hit].sum() - n * (n + 1) / 2) / (n * m))


def _slope(usual: NDArray[np.float64], logged: NDArray[np.float64]) -> float:
    spread = float(np.var(usual))
    return float(np.mean((usual - usual.mean()) * (logged - logged.mean())) / spread) if spread > 0 else float("nan")
