"""Label noise: do labels contradict their rows everywhere alike, as if some had been assigned at random?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import LABEL_NOISE
from diagnostics.checks.drift.label_noise.contradiction import WIDER, Hints, Rate, balance, curve, evenness, floor, hints, rate
from diagnostics.measure.cross_fitted import Crossed, Honest, crossed
from diagnostics.measure.onset import onset, since
from diagnostics.measure.samples import samples, times
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Sides
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

CURRENT: Final = "current"
BOTH: Final = "both"
"""Where the false labels lie."""


@dataclass(frozen=True, kw_only=True)
class Noise(Entry):
    """Labels that contradict their rows: how many, how evenly, and where."""

    cause: CauseKind = LABEL_NOISE
    target: str = shown(N_("Label"), Unit.NAME)
    rate: float = shown(N_("Labels that look wrong in the current table"), Unit.SHARE)
    rate_before: float
    """The same in the reference, as estimated; may lie below 0."""

    error: float = shown(N_("Standard error of the change"), Unit.SHARE)
    even: float = shown(N_("How evenly they lie over all kinds of rows, 0 to 1"))
    unsure: float
    balance: float
    moved: float
    skill: float = shown(N_("How well a small model predicts the label, 0 to 1"))
    rows: int = shown(N_("Rows compared"), Unit.COUNT)
    floor: float = shown(N_("Contradicting labels among the clearest rows"), Unit.SHARE)
    flat: float
    """The same as a share of that among more rows."""

    floor_even: float
    rises: float
    since: datetime | None = optional()
    was: float | None = shown(N_("Labels that look wrong in the reference"), Unit.SHARE, optional=True)
    """None where both tables have them."""

    where: str
    """`CURRENT` or `BOTH`."""


def _says(entry: Noise) -> str:
    if entry.where == BOTH:
        return N_(
            "Even where the rows leave no doubt, {floor:percent} of the labels in {target:name} say otherwise, in both "
            "tables and in all kinds of rows alike."
        )
    if entry.since is not None:
        return N_(
            "Since {since:time} {rate:percent} of the labels in {target:name} look random, in all kinds of "
            "rows alike; in the reference it was {was:percent}."
        )
    return N_(
        "{rate:percent} of the labels in {target:name} look random, in all kinds of rows alike; in the "
        "reference it was {was:percent}."
    )


ALWAYS: Final = 0.4
"""How clear it is where both tables have them: what nobody can know and what somebody labelled wrongly look much alike."""


NOISE: Final = Rule[Noise](
    code="DRF037",
    lane=Lane.DATA,
    title=N_("Some labels look random"),
    says=_says,
    why=N_(
        "Labels contradict what their rows lead to expect, and no kind of row more than another. A rule that changed would "
        "show in some place; mistakes in labelling do not."
    ),
    remedy=N_(
        "Give the suspicious rows to a second person and count how often they differ; then mend how labels are made or joined. "
        "Do not train on them before that."
    ),
    statistic=N_(
        "Small models say, for rows that they have not seen, how likely each answer is. Where they are sure, how often does the "
        "label say otherwise?"
    ),
    source="Northcutt, Jiang and Chuang 2021 (confident learning), doi:10.1613/jair.1.12125; "
    "Patrini et al. 2017 (noise from the surest rows), doi:10.1109/CVPR.2017.240",
    suggests=LABEL_NOISE,
    clear=lambda entry: ALWAYS if entry.where == BOTH else 0.9,
    thresholds={
        "rate_at": Shown(N_("Rise of the share of wrong labels that counts"), Unit.SHARE),
        "most": Shown(N_("Share of wrong labels above which the relation is turned round"), Unit.SHARE),
        "sure_at": Shown(N_("Standard errors by which a change must exceed chance"), Unit.NUMBER),
        "even_at": Shown(N_("How evenly they must lie over all kinds of rows, 0 to 1"), Unit.NUMBER),
        "balance_at": Shown(N_("Lowest share of a class over the highest"), Unit.NUMBER),
        "moved_at": Shown(N_("Change of the mean label, in spreads, that is no noise any more"), Unit.NUMBER),
        "floor_at": Shown(N_("Contradicting labels among the clearest rows that count, for classes"), Unit.SHARE),
        "number_floor_at": Shown(N_("The same for numbers"), Unit.SHARE),
        "flat_at": Shown(N_("Contradictions among the clearest rows, as a share of those among more rows"), Unit.SHARE),
        "rises_at": Shown(N_("Standard errors by which the least clear rows must contradict more"), Unit.NUMBER),
        "skill_at": Shown(N_("How well a small model must predict the label, 0 to 1"), Unit.NUMBER),
        "rows_at": Shown(N_("Rows that are needed where both tables have wrong labels"), Unit.COUNT),
        "critical_at": Shown(N_("Rise that is called critical"), Unit.SHARE),
    },
)
RULES: Final = (NOISE,)

MIN_ROWS: Final = 60


@dataclass(frozen=True)
class LabelNoise:
    """before, after: share of labels that look false in the reference and in the current rows from the onset on.

    even: how evenly they lie, 0 to 1, and how unsure that is. balance: the lowest share of a likeliest class over the highest.
    floor: contradicting labels among the surest rows, and floor_wide among more of them, of both tables together, floor_low
    the lower end of its 95% interval; rises: by how many standard errors the least sure rows have more. moved: mean of the
    target beyond what was expected, in its spreads.
    skill: how much better than the mean or the commonest class the small model is in the reference. curves: contradicting labels
    by sureness, (share of rows, share contradicting), reference and current.
    """

    target: str
    classes: tuple[str, ...]
    before: Rate
    after: Rate
    even: float
    unsure: float
    balance: float
    floor: float
    floor_low: float
    floor_wide: float
    rises: float
    floor_sides: tuple[float, float]
    floor_even: float
    moved: float
    skill: float
    since: datetime | None
    curves: tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]
    rows: int


def profile(incident: Incident) -> LabelNoise:
    """Raises NotApplicable without both tables, labels on both sides, or 60 labelled rows a side."""
    made = crossed(incident)
    if min(made.home.size, made.away.size) < MIN_ROWS:
        raise NotApplicable(N_("Too few labelled rows to tell noise: 60 a side are needed."), needs="target")
    drawn = samples(incident)
    model = _best(made)
    numeric = not model.classes
    centre = float(made.truth.reference.astype("float64").mean()) if numeric else 0.0
    home = hints(model, model.home, made.truth.reference, centre)
    away = hints(model, model.away, made.truth.current, centre)
    before = rate(home)
    rows, began = np.arange(made.away.size), None
    when = times(drawn.current, incident.roles.timestamp)
    if when is not None:
        clock, shown = when[made.away], away.reach * away.lack
        usual = float((home.reach * home.lack).mean())
        change = onset(clock, shown)
        began = since(clock, shown, usual)
        if change is not None and began == change.since and change.after > change.before:
            rows = np.flatnonzero(clock >= np.datetime64(change.since, "us"))
    late = away.of(rows)
    rng = np.random.default_rng([incident.seed, 37])
    x = _features(made, drawn.current.iloc[made.away[rows]], model.away[rows])
    even, unsure = evenness(late, x, rng) if rows.size >= MIN_ROWS else (1.0, 1.0)
    spread = float(np.std(made.truth.reference.astype("float64"))) if numeric else 1.0
    # For numbers it is asked on which side of the median a label lies; those on it lie on none.
    sides = (home, away) if not numeric else _halves(made, model)
    all_rows = Hints(*(np.concatenate(pair) for pair in zip(_parts(sides[0]), _parts(sides[1]), strict=True)))
    low, wide, few, rises = floor(all_rows)
    here = _features(made, drawn.reference.iloc[made.home], model.home)
    both = np.vstack([here, _features(made, drawn.current.iloc[made.away], model.away)])
    if numeric:
        middle = float(np.median(made.truth.reference.astype("float64")))
        both = both[np.concatenate([made.truth.reference, made.truth.current]).astype("float64") != middle]
    sure = np.argsort(-np.abs(all_rows.reach), kind="stable")[: max(1, int(WIDER * all_rows.reach.size))]
    return LabelNoise(
        incident.role("target"),
        model.classes,
        before,
        rate(late),
        even,
        unsure,
        balance(late, len(model.classes)),
        low,
        intervals.share(low * few, few).low,
        wide,
        rises,
        (floor(sides[0])[0], floor(sides[1])[0]),
        1.0 if sure.size < 2 * MIN_ROWS else _plain_even(all_rows.of(sure), both[sure], rng),
        0.0 if not numeric else float(-late.lack.mean() + home.lack.mean()) / max(spread, 1e-12),
        _skill(made, model),
        began,
        (curve(sides[0]), curve(sides[1] if numeric else late)),
        int(rows.size),
    )


def judge(
    p: LabelNoise,
    *,
    rate_at: float = 0.06,
    most: float = 0.65,
    sure_at: float = 5.0,
    even_at: float = 0.6,
    unsure_at: float = 0.6,
    balance_at: float = 0.45,
    moved_at: float = 0.25,
    floor_at: float = 0.04,
    number_floor_at: float = 0.03,
    number_skill_at: float = 0.3,
    number_flat_at: float = 0.9,
    flat_at: float = 0.8,
    flatter_at: float = 0.88,
    rises_at: float = 4.0,
    skill_at: float = 0.15,
    known_at: float = 0.5,
    rows_at: int = 400,
    critical_at: float = 0.25,
) -> list[Finding]:
    """DRF037 fires for the current rows when the share of false labels rose by `rate_at`, `sure_at` standard errors clear of
    chance, up to `most` (more is a relation turned round, not noise), as evenly as `even_at`, for all likely classes alike.

    It fires for both tables when even the surest rows have `floor_at` contradicting labels on either side, hardly fewer than less
    sure ones (`flat_at`): without noise the surest rows are nearly always right (Patrini et al. 2017). Where there is less to
    learn than `skill_at`, `flatter_at` is asked, and the least sure rows must have more by `rises_at` standard errors; of fewer
    rows than `rows_at` the surest are a handful. For numbers the side of the median is asked. Where the labels can be predicted
    no better than `known_at`, wrong labels and risks that are no better known look the same (two kinds of rows of which 7% and
    39% default, say): that is for information, and no cause. Northcutt et al. (2021) count 3.4% false labels on average in
    well-known test sets, so less is usual.
    """
    rise = p.after.value - p.before.value
    error = float(np.hypot(p.before.error, p.after.error))
    clear = _clear(rise, error, rate_at, sure_at) and p.after.value <= most
    flat = p.floor / max(p.floor_wide, 1e-9)
    entry = Noise(
        target=p.target,
        rate=p.after.value,
        rate_before=p.before.value,
        error=error,
        even=p.even,
        unsure=p.unsure,
        balance=p.balance,
        moved=p.moved,
        skill=p.skill,
        rows=p.rows,
        floor=p.floor,
        flat=flat,
        floor_even=p.floor_even,
        rises=p.rises,
        where=BOTH,
    )
    if clear and p.even >= even_at and p.unsure <= unsure_at and p.balance >= balance_at and abs(p.moved) <= moved_at:
        weight = float(np.clip(rise, 0, 1))
        late = replace(entry, where=CURRENT, was=max(p.before.value, 0.0), since=p.since, weight=weight)
        return [NOISE.found(late, severity=Severity.CRITICAL if rise >= critical_at else Severity.WARNING)]
    # Half of the false numbers lie on the right side of the median.
    least = floor_at if p.classes else number_floor_at
    held = p.rows >= rows_at and abs(rise) < max(rate_at, 3 * error) and p.floor_low >= least and min(p.floor_sides) >= least
    # The less there is to learn, the flatter the curve must be: without any signal it is flat as well, and must rise somewhere.
    shape = flat >= flat_at if p.skill >= skill_at else flat >= flatter_at and p.skill >= skill_at / 3
    if not p.classes:
        # Numbers that pile up on a few values bend the curve by themselves; only where much can be learnt it says something.
        shape = flat >= number_flat_at and p.skill >= number_skill_at
    if held and shape and p.floor_even >= even_at and p.rises >= rises_at:
        severity = Severity.WARNING if p.skill >= known_at or not p.classes else Severity.INFO
        return [NOISE.found(replace(entry, weight=float(np.clip(p.floor, 0, 1))), severity=severity)]
    return []


def _clear(rise: float, error: float, least: float, sure: float) -> bool:
    return rise >= least and np.isfinite(error) and rise >= sure * error


def offending(incident: Incident, finding: Finding, *, limit: int = 10_000) -> pd.DataFrame:
    """Current rows whose label is doubtful, with the expected answer beside, most doubtful first.

    By confident learning: another class is at least as likely as it usually is for rows of that class, and the label's own class
    less likely than usual. For numbers, those further off than 99 in 100 reference rows.
    """
    made, drawn = crossed(incident), samples(incident)
    model = _best(made)
    if not model.classes:
        usual = np.abs(model.home[:, 0] - made.truth.reference.astype("float64"))
        off = np.abs(model.away[:, 0] - made.truth.current.astype("float64"))
        doubt, told = off - float(np.quantile(usual, 0.99)), model.away[:, 0]
    else:
        names = np.array(model.classes)
        home, away = made.truth.reference.astype(str), made.truth.current.astype(str)
        usual = np.array([model.home[home == name, k].mean() if (home == name).any() else 1.0 for k, name in enumerate(names)])
        place = {name: k for k, name in enumerate(model.classes)}
        given = np.array([place.get(name, -1) for name in away])
        own = np.where(given >= 0, model.away[np.arange(given.size), given], 0.0)
        strong = np.where(model.away >= usual, model.away, -1.0)
        strong[given >= 0, given[given >= 0]] = -1.0
        best = strong.argmax(axis=1)
        low = own < np.where(given >= 0, usual[given], 1.0)
        doubt, told = np.where(low, strong.max(axis=1) - own, -1.0), names[best]
    late = np.ones(made.away.size, dtype=bool)
    when = times(drawn.current, incident.roles.timestamp)
    if when is not None and finding.since is not None:
        late = when[made.away] >= np.datetime64(finding.since, "us")
    order = np.argsort(-doubt, kind="stable")
    chosen = order[(doubt[order] > 0) & late[order]][:limit]
    rows: pd.DataFrame = drawn.current.iloc[made.away[chosen]]
    return rows.assign(expected_answer=told[chosen])


def _best(made: Crossed) -> Honest:
    """The model with the least squared or logarithmic loss on reference rows it had not seen."""
    return min(made.models, key=lambda model: _loss(made, model))


def _loss(made: Crossed, model: Honest) -> float:
    if not model.classes:
        return float(np.mean((model.home[:, 0] - made.truth.reference.astype("float64")) ** 2))
    place = {name: k for k, name in enumerate(model.classes)}
    given = np.array([place[name] for name in made.truth.reference.astype(str)])
    return -float(np.mean(np.log(np.clip(model.home[np.arange(given.size), given], 1e-3, 1))))


def _skill(made: Crossed, model: Honest) -> float:
    if not model.classes:
        return 1 - _loss(made, model) / max(float(np.var(made.truth.reference.astype("float64"))), 1e-12)
    share = np.unique(made.truth.reference.astype(str), return_counts=True)[1] / made.home.size
    return 1 - _loss(made, model) / max(float(-(share * np.log(share)).sum()), 1e-12)


def _features(made: Crossed, frame: pd.DataFrame, chances: NDArray[np.float64]) -> NDArray[np.float64]:
    x = made.coder.matrix(frame)
    return np.column_stack([np.where(np.isnan(x), -1.0, x), chances])


def _halves(made: Crossed, model: Honest) -> tuple[Hints, Hints]:
    """Hints about the side of the median, without the labels on it."""
    truth = Sides(made.truth.reference.astype("float64"), made.truth.current.astype("float64"))
    middle = float(np.median(truth.reference))
    home = hints(model, model.home, truth.reference, middle).of(truth.reference != middle)
    return home, hints(model, model.away, truth.current, middle).of(truth.current != middle)


def _parts(h: Hints) -> tuple[NDArray[np.generic], ...]:
    return h.reach, h.lack, h.likely, h.wrong


def _plain_even(h: Hints, x: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Evenness of the bare contradictions among sure rows."""
    bare = Hints(np.ones(h.reach.size), h.wrong.astype("float64"), h.likely, h.wrong)
    return evenness(bare, x, rng)[0]
