"""Would it help to train again, and on which rows? Candidates are trained by one recipe and judged on the newest labels.

The recent labelled rows are cut into stretches of time. Each candidate is trained on what was known before a stretch, and judged
on that stretch, so that none has seen the rows that it is judged on (time-ordered folds: Tashman 2000,
doi:10.1016/S0169-2070(00)00065-0). Gains are paired, row by row, against the same recipe trained on the reference alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.cause import Cause
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.scores import Predictions, predict
from diagnostics.clinic.shared.training_set import TrainingSet, training_set
from diagnostics.measure import engine, outcome
from diagnostics.measure.metrics import design_effect
from diagnostics.measure.samples import as_level, as_number, as_time
from diagnostics.nouns.cause_kind import Family
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.words import N_

PARTS: Final = 6
"""Stretches of the recent rows: the first is only trained on."""

LEAST: Final = 120
"""Recent rows with a label below which nothing can be said of training again."""

TRAINED_ON: Final = 20
"""Rows below which a candidate is not trained."""

LEVEL: Final = 0.95
FLOOR: Final = 0.02
"""Share of the loss that a gain must be worth: less is no reason to put another model in place (benchmarks/watch)."""

EXPLAINED: Final = 0.5
"""Share of what was lost that an undo must win back for it to be the better remedy."""

FARTHEST_WEIGHT: Final = 20.0
"""Largest weight of one row, so that a few rows do not decide everything (Ionides 2008, doi:10.1198/106186008X320456)."""

Progress = Callable[[float, str], None]


class Which(StrEnum):
    """Which rows a candidate is trained on."""

    REFERENCE = "reference"
    RECENT = "recent"
    BOTH = "both"
    RECENT_WEIGHTED = "recent weighted"
    IMPORTANCE = "importance weighted"
    ONSET = "since the onset"
    WITHOUT_ROWS = "without the broken rows"
    WITHOUT_COLUMNS = "without the broken columns"


TITLES: Final = {
    Which.REFERENCE: N_("reference alone"),
    Which.RECENT: N_("recent rows alone"),
    Which.BOTH: N_("reference and recent rows"),
    Which.RECENT_WEIGHTED: N_("both, recent rows counting as much as the reference"),
    Which.IMPORTANCE: N_("both, reference rows weighted by how much they look like recent ones"),
    Which.ONSET: N_("recent rows since the change alone"),
    Which.WITHOUT_ROWS: N_("both, without the broken rows"),
    Which.WITHOUT_COLUMNS: N_("both, without the broken columns"),
}


class Advice(StrEnum):
    """What it comes to."""

    TRAIN = "train"
    FIX_DATA = "fix the data"
    NO_GAIN = "no gain"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One candidate, judged. loss: mean over the judged rows. gain: by how much it is below that of the reference alone."""

    which: Which
    loss: Interval
    gain: Interval
    skipped: Reason
    more_labels: int | None = None
    """Labels beyond those there are until the interval of this gain would leave 0, were it as large as it seems."""

    @property
    def certain(self) -> bool:
        return not self.skipped and self.gain.low > 0


@dataclass(frozen=True, kw_only=True)
class Again:
    """What training again would bring. unit: of the losses, as `outcome.LOSS_NAMES`."""

    advice: Advice
    unit: str
    candidates: tuple[Candidate, ...]
    serving: Interval | None
    """Loss of the predictions that were served, on the same rows."""

    judged: int
    recent: int
    reference: int
    parts: int
    fix: float | None
    """Share of what was lost that undoing a fault of the data wins back."""

    cause: str = ""
    """Statement of that fault, a message id as it stands in English."""

    cost: float | None = None
    """What a thousand rows without the best candidate cost, where a price is known."""

    @property
    def best(self) -> Candidate | None:
        """The candidate with the largest gain that is beyond chance."""
        return max((c for c in self.candidates if c.certain), key=lambda c: c.gain.value, default=None)

    @property
    def likeliest(self) -> Candidate | None:
        """The one with the largest gain, by chance or not."""
        return max((c for c in self.candidates if not c.skipped), key=lambda c: c.gain.value, default=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """Reference and recent rows under one another, the recent ones in the order of time."""

    data: TrainingSet
    recent: int
    """Number of the first recent row."""

    broken: NDArray[np.bool_]
    """Recent rows at fault, shape (rows,)."""

    after: NDArray[np.bool_]
    """Rows since the onset, shape (rows,)."""

    served: NDArray[np.float64]
    """Loss of what was served, shape (rows,), NaN where unknown."""


def again(
    incident: Incident,
    causes: Sequence[Cause] = (),
    *,
    family: str = "boosting",
    price: float | None = None,
    on_progress: Progress = lambda share, what: None,
) -> Again:
    """Compare all candidates. Raises NotApplicable without labels in both tables, or with too few recent ones."""
    incident.pair()
    first = next((cause for cause in causes if cause.confidence >= EXPLAINED), None)
    rows = _rows(incident, first)
    unit = outcome.LOSS_NAMES[incident.answer] if incident.answer else "error rate"
    if rows.data.task is Task.CLASSIFICATION:
        unit = "Brier score" if len(rows.data.classes) == 2 else "error rate"
    wanted = [which for which in Which if _fits(which, rows, first)]
    folds = _folds(len(rows.data) - rows.recent)
    losses = {which: np.full(len(rows.data), np.nan) for which in wanted}
    why: dict[Which, Reason] = {}
    done = 0
    for trained, judged in folds:
        for which in wanted:
            on_progress(done / (len(folds) * len(wanted)), TITLES[which])
            done += 1
            try:
                _judge(which, rows, first, rows.recent + trained, rows.recent + judged, family, incident.seed, losses[which])
            except NotApplicable as reason:
                why.setdefault(which, reason.kept)
    return _concluded(incident, rows, losses, why, unit, first, price, len(folds))


def _concluded(
    incident: Incident,
    rows: _Rows,
    losses: dict[Which, NDArray[np.float64]],
    why: dict[Which, Reason],
    unit: str,
    cause: Cause | None,
    price: float | None,
    parts: int,
) -> Again:
    base = losses[Which.REFERENCE]
    judged = np.isfinite(base)
    if int(judged.sum()) < LEAST // 2:
        reason = next(iter(why.values()), Reason(N_("The reference alone could not be trained on.")))
        raise NotApplicable(reason.says, needs="reference")
    level = 1 - (1 - LEVEL) / max(1, len(losses) - 1)
    mean = float(base[judged].mean())
    found = []
    for which, loss in losses.items():
        both = judged & np.isfinite(loss)
        if which in why or both.sum() < judged.sum() / 2:
            nothing = Interval(math.nan, math.nan, math.nan)
            found.append(Candidate(which=which, loss=nothing, gain=nothing, skipped=why.get(which, Reason(FEW_ROWS))))
            continue
        gain = _interval((base - loss)[both], level)
        found.append(
            Candidate(
                which=which,
                loss=_interval(loss[both], LEVEL),
                gain=gain,
                skipped=Reason(),
                more_labels=None if which is Which.REFERENCE else _more(gain, int(both.sum()), FLOOR * mean),
            )
        )
    served = judged & np.isfinite(rows.served)
    fix = None
    if cause is not None and cause.family is Family.DATA and cause.explains is not None and cause.explains >= EXPLAINED:
        fix = cause.explains
    best = max((c for c in found if c.certain and c.gain.value >= FLOOR * mean), key=lambda c: c.gain.value, default=None)
    unclear = any(c.more_labels for c in found)
    advice = Advice.TRAIN if best else Advice.UNDECIDED if unclear else Advice.NO_GAIN
    if cause is not None and cause.family is Family.DATA and (fix is not None or best is None):
        # A model that learnt to live with a fault fails on the day when the fault is mended.
        advice = Advice.FIX_DATA
    return Again(
        advice=advice,
        unit=unit,
        candidates=tuple(found),
        serving=_interval(rows.served[served], LEVEL) if served.sum() >= LEAST // 2 else None,
        judged=int(judged.sum()),
        recent=len(rows.data) - rows.recent,
        reference=rows.recent,
        parts=parts,
        fix=fix,
        cause=str(cause.says) if cause is not None and advice is Advice.FIX_DATA else "",
        cost=_cost(best, price) if best else None,
    )


FEW_ROWS: Final = N_("There are too few rows to train on.")


def _rows(incident: Incident, cause: Cause | None) -> _Rows:
    """Raises NotApplicable."""
    home = training_set(incident)
    pair = incident.pair()
    target = incident.role("target")
    if target not in pair.current:
        raise NotApplicable(NO_LABELS, needs="target")
    frame = engine.sample(pair.current, seed=incident.seed + 1)
    truth = _truth(frame[target], home)
    when = frame.get(incident.roles.timestamp)
    moments = as_time(when).to_numpy("datetime64[us]") if when is not None else None
    # Without times the order of the file is all there is to tell what came later.
    order = np.argsort(moments, kind="stable") if moments is not None else np.arange(len(frame))
    order = order[np.isfinite(truth[order])]
    if order.size < LEAST:
        raise NotApplicable(
            N_("Too few recent rows with a label: {rows:count}; at least {least:count} are needed."),
            needs="target",
            rows=int(order.size),
            least=LEAST,
        )
    features = pd.DataFrame({str(name): _feature(frame, str(name), home) for name in home.features}).iloc[order]
    together = pd.concat([home.features, features], ignore_index=True)
    values = np.concatenate([home.truth.astype("float64"), truth[order]])
    data = replace(
        home,
        features=together,
        truth=values.astype("int64") if home.task is Task.CLASSIFICATION else values,
        groups=None,
        order=None,
        drawn=np.arange(len(together)),
    )
    since = cause.since if cause else None
    after = np.zeros(len(together), dtype=bool)
    if since is not None and moments is not None:
        after[len(home) :] = moments[order] >= np.datetime64(since.replace(tzinfo=None), "us")
    elif cause is not None:
        after[len(home) :] = True
    served = np.full(len(together), np.nan)
    try:
        known = outcome.known(incident).loss("current")
    except NotApplicable:
        known = None
    if known is not None:
        served[len(home) :] = known[order]
    broken = after if cause is not None and cause.family is Family.DATA else np.zeros(len(together), dtype=bool)
    return _Rows(data=data, recent=len(home), broken=broken, after=after, served=served)


NO_LABELS: Final = N_("The current table has no labels: they are what training again needs.")


def _truth(values: pd.Series, home: TrainingSet) -> NDArray[np.float64]:
    """Codes of classes or values, shape (n,), NaN where unknown or of a class that the reference lacks."""
    if home.task is Task.REGRESSION:
        return as_number(values).to_numpy("float64")
    levels = outcome.match_classes(as_level(values).to_numpy(dtype=object), home.classes)
    codes = {name: float(code) for code, name in enumerate(home.classes)}
    return np.array([codes.get(str(level), np.nan) if level is not None else np.nan for level in levels])


def _feature(frame: pd.DataFrame, name: str, home: TrainingSet) -> pd.Series:
    if name not in frame:
        return pd.Series(
            np.nan if name in home.numbers else None, index=frame.index, dtype=None if name in home.numbers else object
        )
    if name in home.categories:
        return as_level(frame[name])
    numbers = as_number(frame[name])
    return numbers.where(np.isfinite(numbers.to_numpy("float64")))


def _folds(recent: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Places among the recent rows that are trained on and judged, one stretch after the other."""
    stretches = np.array_split(np.arange(recent), PARTS)
    return [(np.arange(stretches[n][0]), stretches[n]) for n in range(1, PARTS)]


def _fits(which: Which, rows: _Rows, cause: Cause | None) -> bool:
    """Whether a candidate makes sense here."""
    if which is Which.ONSET and (not rows.after.any() or rows.after[rows.recent :].all()):
        return False
    if which in (Which.WITHOUT_ROWS, Which.WITHOUT_COLUMNS) and not rows.broken.any():
        return False
    return which is not Which.WITHOUT_COLUMNS or (cause is not None and bool(set(cause.columns) & set(rows.data.features)))


def _judge(
    which: Which,
    rows: _Rows,
    cause: Cause | None,
    trained: NDArray[np.intp],
    judged: NDArray[np.intp],
    family: str,
    seed: int,
    losses: NDArray[np.float64],
) -> None:
    """Train on the reference and the recent rows `trained`, as the candidate wants it, and write the losses of `judged`."""
    reference = np.arange(rows.recent)
    used = {Which.REFERENCE: reference, Which.RECENT: trained, Which.ONSET: trained[rows.after[trained]]}.get(
        which, np.concatenate([reference, trained])
    )
    weights: NDArray[np.float64] | None = None
    data = rows.data
    if which is Which.WITHOUT_ROWS:
        used = used[~rows.broken[used]]
    if which is Which.RECENT_WEIGHTED and trained.size:
        weights = np.where(used >= rows.recent, rows.recent / trained.size, 1.0)
    if which is Which.IMPORTANCE:
        weights = np.where(used >= rows.recent, 1.0, _likeness(rows, used, trained, seed))
    if which is Which.WITHOUT_COLUMNS and cause is not None:
        gone = set(cause.columns)
        data = replace(
            data,
            features=data.features[[name for name in data.features if name not in gone]],
            numbers=tuple(name for name in data.numbers if name not in gone),
            categories=tuple(name for name in data.categories if name not in gone),
        )
        if data.features.shape[1] == 0:
            raise NotApplicable(N_("No column would be left to learn from."), needs="current")
    if used.size < TRAINED_ON or (data.task is Task.CLASSIFICATION and np.unique(data.truth[used]).size < 2):
        raise NotApplicable(FEW_ROWS, needs="current")
    model = pipeline(data, family, seed=seed)
    more = {} if weights is None else {"model__sample_weight": weights / weights.mean()}
    model.fit(data.features.iloc[used], data.truth[used], **more)
    losses[judged] = _loss(data, data.truth[judged], predict(model, data.features.iloc[judged], data))


def _likeness(rows: _Rows, used: NDArray[np.intp], trained: NDArray[np.intp], seed: int) -> NDArray[np.float64]:
    """How much likelier each row is among the recent ones (odds of a domain classifier, Shimodaira 2000,
    doi:10.1016/S0378-3758(00)00115-4), shape (len(used),).
    """
    if trained.size < TRAINED_ON:
        return np.ones(used.size)
    recent = (used >= rows.recent).astype("int64")
    data = replace(rows.data, task=Task.CLASSIFICATION, classes=("reference", "recent"))
    told = pipeline(data, "linear", seed=seed).fit(data.features.iloc[used], recent)
    chance = np.clip(told.predict_proba(data.features.iloc[used])[:, 1], 1e-6, 1 - 1e-6)
    odds = chance / (1 - chance) * (used.size - recent.sum()) / max(1, recent.sum())
    return np.asarray(np.clip(odds, 1 / FARTHEST_WEIGHT, FARTHEST_WEIGHT))


def _loss(data: TrainingSet, truth: NDArray[np.generic], answer: Predictions) -> NDArray[np.float64]:
    """Loss of each row in the unit of `outcome.row_loss`: squared distance of the chance, wrong or right, or absolute error."""
    if data.task is Task.REGRESSION:
        return np.asarray(np.abs(answer.labels.astype("float64") - truth.astype("float64")))
    if answer.chances is not None and len(data.classes) == 2:
        return np.asarray((answer.chances[:, 1] - (truth == 1)) ** 2)
    return np.asarray(answer.labels != truth, dtype="float64")


def _interval(values: NDArray[np.float64], level: float) -> Interval:
    """Mean with its interval, as wide as neighbours in time that are alike make it (`metrics.design_effect`)."""
    from scipy.stats import t

    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(values.size) * math.sqrt(design_effect(values))
    half = float(t.ppf(0.5 + level / 2, values.size - 1)) * error
    return Interval(mean, mean - half, mean + half)


def _more(gain: Interval, rows: int, floor: float) -> int | None:
    """Labels that are still missing; None where the interval has left 0, or the gain would not be worth it."""
    if gain.low > 0 or gain.value < floor:
        return None
    half = gain.value - gain.low
    return max(1, math.ceil(rows * ((half / gain.value) ** 2 - 1)))


def _cost(best: Candidate, price: float | None) -> float | None:
    """What the loss that the best candidate would spare costs in a thousand rows."""
    return None if price is None else 1_000 * price * best.gain.value
