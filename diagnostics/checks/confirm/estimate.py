"""Estimate: how well does the model do where the labels have not arrived yet?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.measure.metrics import THRESHOLD, roc_auc
from diagnostics.measure.outcome import Outcome, outcome
from diagnostics.measure.samples import Encoder, Samples, encoder, samples
from diagnostics.measure.surrogate import one_thread
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Null, Rule, Severity, Sign
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Estimated(Entry):
    """The error in the reference and, estimated without labels, in the current table."""

    before: float = shown(N_("Error in the reference"))
    estimated: float = shown(N_("Estimated error in the current table"))
    low: float = shown(N_("Estimate, lower end of the 95% interval"))
    high: float = shown(N_("Estimate, upper end of the 95% interval"))
    counted: float | None = shown(N_("Counted error in the current table"))
    domain: float = shown(N_("How often rows of the two tables can be told apart"), Unit.SHARE)
    method: str
    """As in `Estimate.method`."""

    rows: int = shown(N_("Rows estimated"), Unit.COUNT)
    measure: str = internal()
    """As in `Estimate.measure`."""


@dataclass(frozen=True, kw_only=True)
class Unlike(Entry):
    """Current rows that are unlike all reference rows."""

    domain: float = shown(N_("How often rows of the two tables can be told apart"), Unit.SHARE)


EXPECTED: Final = {
    "error rate": N_(
        "True answers are missing. From the rows alone, the error rate is estimated to have risen from {before:percent} to "
        "{estimated:percent} (95% interval {low:percent} to {high:percent}), if inputs and target are related as before."
    ),
    "Brier score": N_(
        "True answers are missing. From the rows alone, the mean squared error of the probabilities is estimated to have risen "
        "from {before:number} to {estimated:number}, if inputs and target are related as before."
    ),
    "mean absolute error": N_(
        "True answers are missing. From the rows alone, the mean error is estimated to have risen from {before:number} to "
        "{estimated:number} (95% interval {low:number} to {high:number}), if inputs and target are related as before."
    ),
}
MISSED: Final = {
    "error rate": N_(
        "The inputs alone let an error rate of {estimated:percent} be expected; counted are {counted:percent}. "
        "The relation between inputs and target may have changed."
    ),
    "Brier score": N_(
        "The inputs alone let a Brier score of {estimated:number} be expected; counted are {counted:number}. "
        "The relation between inputs and target may have changed."
    ),
    "mean absolute error": N_(
        "The inputs alone let a mean error of {estimated:number} be expected; counted are {counted:number}. "
        "The relation between inputs and target may have changed."
    ),
}


def _expected(entry: Estimated) -> str:
    return EXPECTED[entry.measure]


def _missed(entry: Estimated) -> str:
    return MISSED[entry.measure]


RISE: Final = Shown(N_("Rise of the error rate that counts"), Unit.SHARE)
RELATIVE: Final = Shown(N_("Rise of the error, as a share of the reference's, that counts"), Unit.SHARE)
ENOUGH: Final = Shown(N_("Share of the rows with a label from which errors are counted"), Unit.SHARE)
UNLIKE: Final = Shown(N_("How often rows may be told apart before nothing is estimated"), Unit.SHARE)

WORSE_UNSEEN: Final = Rule[Estimated](
    code="CON031",
    lane=Lane.ACCURACY,
    null=Null.VALUES,
    title=N_("The model probably makes more errors"),
    says=_expected,
    why=N_("True answers come late. What is known of the rows themselves already lets more errors be expected."),
    remedy=N_("Get true answers for a few hundred recent rows, chosen at random, and see whether the estimate holds."),
    statistic=N_(
        "The errors that the reference made on rows of the same kind, averaged over the current rows. It holds only if the "
        "relation between the inputs and the target did not change."
    ),
    source="Confidence-based performance estimation and direct loss estimation as published by NannyML (nannyml.readthedocs.io)",
    shows=Sign.MOVED,
    thresholds={"rise_at": RISE, "relative_at": RELATIVE, "labelled_at": ENOUGH, "refuse_at": UNLIKE},
)
UNEXPLAINED: Final = Rule[Estimated](
    code="CON032",
    lane=Lane.ACCURACY,
    null=Null.VALUES,
    title=N_("More errors than the inputs explain"),
    says=_missed,
    why=N_("If the rows were only of a harder kind, the estimate would have foreseen the errors. It did not."),
    remedy=N_("Look for a changed relation to the target, for wrong labels, or for a column that lost its link to the others."),
    statistic=N_("Errors counted less errors that the reference makes on rows of the same kind."),
    source="Cai, Namkoong and Yadlowsky 2023 (DISDE), arXiv:2303.02011",
    severity=Severity.INFO,
    shows=Sign.MOVED,
    thresholds={"rise_at": RISE, "relative_at": RELATIVE, "labelled_at": ENOUGH, "refuse_at": UNLIKE},
)
REFUSED: Final = Rule[Unlike](
    code="CON033",
    lane=Lane.ACCURACY,
    title=N_("No estimate without true answers"),
    says=N_("The errors cannot be estimated: in {domain:percent} of the pairs, a current row can be told from a reference row."),
    why=N_("The current rows are unlike any that the reference knows, as after a broken feed: an estimate would be invented."),
    remedy=N_("Mend the inputs first, or get true answers for some current rows."),
    statistic=N_("How often a current row can be told from a reference row: 50% is a guess, 100% is always."),
    source="Rabanser et al. 2019 (Failing Loudly), arXiv:1810.11953",
    severity=Severity.INFO,
    thresholds={"refuse_at": UNLIKE, "labelled_at": ENOUGH},
)
RULES: Final = (WORSE_UNSEEN, UNEXPLAINED, REFUSED)

DOMAIN_CELLS: Final = 400_000
DOMAIN_ROWS: Final = 4_000
LOSS_ROWS: Final = 10_000
COLUMNS: Final = 200
MIN_ROWS: Final = 50

REFUSE_AT: Final = 0.95
"""Area under the curve of telling current from reference above which the two hardly overlap (Cai et al. 2023)."""


@dataclass(frozen=True)
class Estimate:
    """measure: "error rate", "Brier score" or "mean absolute error". method: "CBPE" (scores) or "DLE" (a model of the loss).

    reference: counted in the reference; estimated: for the current rows without their truth, None when refused; counted:
    in the current rows with truth, None without. domain: area under the curve of telling current from reference rows.
    check: what the same method gives for the part of the reference that it was not fitted on.
    """

    measure: str
    method: str
    reference: Interval
    estimated: Interval | None
    counted: Interval | None
    check: float
    domain: float
    rows: int
    labelled: float


def profile(incident: Incident) -> Estimate:
    """Raises NotApplicable without tables, a target in the reference, and predictions on both sides."""
    drawn = samples(incident)
    found = outcome(incident, drawn)
    loss = found.loss("reference")
    if loss is None or np.isfinite(loss).sum() < MIN_ROWS:
        raise NotApplicable(N_("The reference needs 50 rows with true answers and predictions."), needs="target")
    if found.answers.current is None:
        raise NotApplicable(N_("The current table has no predictions to judge."), needs="prediction")
    rng = np.random.default_rng(incident.seed)
    used = _columns(drawn)
    domain = domain_auc(drawn, used, rng)
    scored = found.answer is Answer.SCORE and _probabilities(found)
    if scored:
        counted_before, counted_after, told = _by_score(found)
        measure, method = "error rate", "CBPE"
    else:
        counted_before, counted_after = loss, found.loss("current")
        told = _by_loss(drawn, used, found, loss, rng)
        measure, method = found.loss_name, "DLE"
    after = None if counted_after is None else counted_after[np.isfinite(counted_after)]
    known = np.isfinite(counted_before)
    estimated = None
    if domain <= REFUSE_AT and told.current.size >= MIN_ROWS // 2:
        estimated = _interval(told, measure)
    total = len(drawn.current)
    return Estimate(
        measure,
        method,
        _count(counted_before[known], measure),
        estimated,
        None if after is None or after.size < MIN_ROWS // 2 else _count(after, measure),
        float(told.reference.mean()) if told.reference.size else float("nan"),
        domain,
        int(told.current.size),
        0.0 if after is None else after.size / max(1, total),
    )


@dataclass(frozen=True)
class _Told:
    """Estimated losses per row. reference, missed: estimate and true loss less estimate where the truth is known; current."""

    reference: NDArray[np.float64]
    missed: NDArray[np.float64]
    current: NDArray[np.float64]


def _count(loss: NDArray[np.float64], measure: str) -> Interval:
    return intervals.share(float(loss.sum()), loss.size) if measure == "error rate" else intervals.mean(loss)


def _interval(told: _Told, measure: str) -> Interval:
    """The mean estimate, corrected by what the method misses in the reference; both uncertainties added."""
    value = float(told.current.mean() + told.missed.mean())
    error = float(np.sqrt(told.current.var() / told.current.size + told.missed.var() / max(1, told.missed.size)))
    high = 1.0 if measure != "mean absolute error" else float("inf")
    value = float(np.clip(value, 0.0, high))
    return Interval(value, max(0.0, value - 1.959964 * error), min(high, value + 1.959964 * error))


def _probabilities(found: Outcome) -> bool:
    score = found.answers.reference
    if score is None:
        return False
    known = score.astype("float64")
    known = known[np.isfinite(known)]
    return bool(known.size) and float(known.min()) >= 0 and float(known.max()) <= 1


def _by_score(found: Outcome) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, _Told]:
    """Chance of a wrong decision, from scores calibrated on the reference. Fitted on each half, used on the other."""
    from sklearn.isotonic import IsotonicRegression

    truth, score = found.truth.reference, found.answers.reference
    assert truth is not None
    assert score is not None
    assert found.answers.current is not None
    score, later = score.astype("float64"), found.answers.current.astype("float64")
    known = pd.notna(truth) & np.isfinite(score)
    hit, before = (truth[known] == found.positive).astype("float64"), score[known]

    def wrong(chance: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(values >= THRESHOLD, 1 - chance, chance)

    def calibrated(rows: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(before[rows], hit[rows])
        return np.asarray(fitted.predict(values), dtype="float64")

    half = np.arange(before.size) % 2 == 0
    told = np.empty(before.size)
    for fitted_on in (half, ~half):
        told[~fitted_on] = wrong(calibrated(fitted_on, before[~fitted_on]), before[~fitted_on])
    realised = ((before >= THRESHOLD) != (hit == 1)).astype("float64")
    later_known = later[np.isfinite(later)]
    now = wrong(calibrated(np.ones(before.size, dtype=bool), later_known), later_known)
    counted = None
    if found.truth.current is not None:
        rows = pd.notna(found.truth.current) & np.isfinite(later)
        counted = ((later[rows] >= THRESHOLD) != (found.truth.current[rows] == found.positive)).astype("float64")
    return realised, counted, _Told(told, realised - told, now)


def _by_loss(drawn: Samples, used: tuple[str, ...], found: Outcome, loss: NDArray[np.float64], rng: np.random.Generator) -> _Told:
    """Loss per row from trees fitted on half of the reference's losses; the other half corrects their mean."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    assert found.answers.reference is not None
    assert found.answers.current is not None
    coder = _encoder(drawn, used)
    matrices = [
        np.column_stack([coder.matrix(frame), _number(answers, found)])
        for frame, answers in ((drawn.reference, found.answers.reference), (drawn.current, found.answers.current))
    ]
    rows = rng.permutation(np.flatnonzero(np.isfinite(loss)))[: 2 * LOSS_ROWS]
    fitted, held = rows[::2], rows[1::2]
    model = HistGradientBoostingRegressor(
        max_iter=50, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=30, early_stopping=False, random_state=0
    )
    answered = np.flatnonzero(pd.notna(found.answers.current))
    seen = _seen(matrices[0][fitted])
    with one_thread():
        model.fit(matrices[0][fitted][:, seen], loss[fitted])
        told = np.asarray(model.predict(matrices[0][held][:, seen]), dtype="float64")
        now = np.asarray(model.predict(matrices[1][answered][:, seen]), dtype="float64") if answered.size else np.empty(0)
    return _Told(told, loss[held] - told, now)


def _number(answers: NDArray[np.generic], found: Outcome) -> NDArray[np.float64]:
    """Answers as a column for trees: numbers as they are, classes by their place."""
    if found.answer is not Answer.LABEL:
        limit = float(np.finfo(np.float32).max)
        return np.asarray(np.clip(answers.astype("float64"), -limit, limit))
    places = {name: float(i) for i, name in enumerate(found.classes)}
    return np.array([places.get(str(a), np.nan) for a in answers])


def _columns(drawn: Samples) -> tuple[str, ...]:
    """Features that may tell the sides apart for a reason: no times and no running numbers; at most 200, spread evenly."""
    kept = []
    for name in drawn.features:
        if drawn.kinds[name] is Kind.TIME:
            continue
        values = drawn.reference[name].dropna()
        if len(values) and values.is_unique and (drawn.kinds[name] is Kind.CATEGORY or bool((values % 1 == 0).all())):
            continue
        kept.append(name)
    step = len(kept) // COLUMNS + 1
    return tuple(kept[::step])


def _encoder(drawn: Samples, used: tuple[str, ...]) -> Encoder:
    whole = encoder(drawn)
    return Encoder(used, whole.kinds, whole.ranks, whole.cap)


def _seen(matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Columns with a value: trees can't be grown on a column without any."""
    return np.asarray((~np.isnan(matrix)).any(axis=0))


def domain_auc(drawn: Samples, used: tuple[str, ...], rng: np.random.Generator) -> float:
    """Area under the curve of trees that tell current from reference rows, on rows not used for fitting; 0.5 without columns."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = min(DOMAIN_ROWS, max(200, DOMAIN_CELLS // max(1, 2 * len(used))), len(drawn.reference), len(drawn.current))
    if not used or rows < 2 * MIN_ROWS:
        return 0.5
    coder = _encoder(drawn, used)
    frames = [frame.iloc[rng.permutation(len(frame))[:rows]] for frame in (drawn.reference, drawn.current)]
    matrix = np.concatenate([coder.matrix(frame) for frame in frames])
    side = np.repeat([0.0, 1.0], rows)
    fitted = np.arange(2 * rows) % 2 == 0
    model = HistGradientBoostingClassifier(
        max_iter=30, learning_rate=0.15, max_leaf_nodes=15, early_stopping=False, random_state=0
    )
    matrix = matrix[:, _seen(matrix[fitted])]
    if not matrix.shape[1]:
        return 0.5
    with one_thread():
        model.fit(matrix[fitted], side[fitted])
        told = model.predict_proba(matrix[~fitted])[:, 1]
    return roc_auc(side[~fitted], np.asarray(told, dtype="float64")).value


def judge(
    p: Estimate,
    *,
    rise_at: float = 0.02,
    relative_at: float = 0.2,
    labelled_at: float = 0.05,
    refuse_at: float = REFUSE_AT,
) -> list[Finding]:
    """Without labels, an estimate fires that lies above the reference by `relative_at` of it (and by `rise_at` for an error rate)
    with 95% intervals apart; with labels (a share of at least `labelled_at`), a counted loss that lies as far above the estimate.

    The amounts are twice those asked of counted errors, because the method itself is off by a few points. Nothing is estimated
    where current rows can be told from reference rows with an area under the curve above `refuse_at`.
    """
    floor = max(relative_at * p.reference.value, rise_at if p.measure == "error rate" else 0.0)
    unlabelled = p.counted is None or p.labelled < labelled_at
    if p.domain > refuse_at:
        return [REFUSED.found(Unlike(domain=p.domain))] if unlabelled else []
    if p.estimated is None:
        return []
    entry = Estimated(
        before=p.reference.value,
        estimated=p.estimated.value,
        low=p.estimated.low,
        high=p.estimated.high,
        counted=None if p.counted is None else p.counted.value,
        domain=p.domain,
        method=p.method,
        rows=p.rows,
        measure=p.measure,
    )
    rise = p.estimated.value - p.reference.value
    if unlabelled and rise >= floor and p.estimated.low > p.reference.high:
        return [WORSE_UNSEEN.found(replace(entry, weight=float(np.clip(rise / max(p.reference.value, 1e-12), 0, 1))))]
    if not unlabelled and p.counted is not None:
        gap = p.counted.value - p.estimated.value
        if gap >= floor and p.counted.low > p.estimated.high:
            return [UNEXPLAINED.found(replace(entry, weight=float(np.clip(gap, 0, 1))))]
    return []
