"""Swap back: give one column after the other its reference values, score again, and see which brings the performance back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics import engine, intervals
from diagnostics.finding import Finding, NotApplicable, Rule, Severity
from diagnostics.incident import Incident
from diagnostics.onset import onset
from diagnostics.outcome import row_loss
from diagnostics.samples import Samples, samples, times
from diagnostics.steps.localise.restore import begun, position, restore_levels, restore_numbers
from diagnostics.surrogate import Surrogate, one_thread, stand_in
from diagnostics.tables.table import Kind
from diagnostics.words import N_, Value

COLUMN: Final = Rule(
    code="LOC010",
    title=N_("One column explains the loss"),
    why=N_("With the reference's values in this column alone, a model that answers like yours does well again."),
    remedy=N_("Start with this column: look at its findings in step 2 and step 4, mend its feed, and score the rows again."),
    statistic=N_(
        "The current rows are scored again with one column set back to the values it had in the reference; the number is the share "
        "of the loss, or of the shift of the answers, that disappears."
    ),
    source="Zhang et al. 2023, Why did the model fail?, arXiv:2210.10769; Breiman 2001, doi:10.1023/A:1010933404324 (permutation)",
    severity=Severity.CRITICAL,
)
TOGETHER: Final = Rule(
    code="LOC011",
    title=N_("Several columns explain the loss together"),
    why=N_("No column does it alone, but together they do: something changed that all of them went through, or the population."),
    remedy=N_("Look for what these columns share: a source, a join, a scaler, or a group of rows that is new."),
    statistic=N_("The current rows are scored again with several columns set back to the values they had in the reference."),
    source="Zhang et al. 2023, Why did the model fail?, arXiv:2210.10769",
)
NOTHING: Final = Rule(
    code="LOC012",
    title=N_("No column brings the performance back"),
    why=N_("The inputs are not the reason: the relation between inputs and truth changed, or the labels did, or the model."),
    remedy=N_("Compare recent true answers with older ones for similar rows; if the relation changed, train on recent rows."),
    statistic=N_("The current rows are scored again with all columns set back to the values they had in the reference."),
    source="Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011 (loss from X against loss from Y given X)",
)
RULES: Final = (COLUMN, TOGETHER, NOTHING)

ROWS: Final = 4_000
"""Rows of each side that are scored for every column; a share of the loss is then known to a few points."""

COLUMNS: Final = 40
"""Columns that are swapped back: those that matter to the model and moved most."""

REBUILT: Final = 5
"""Columns that are rebuilt from the others, where none of the values alone explains the loss."""

SKILL: Final = 0.2
"""A stand-in that explains less of the answers than this says nothing about the model."""

MIN_ROWS: Final = 30


@dataclass(frozen=True)
class Swapped:
    """One column set back. recovered: share of the loss (or shift) that comes back, with its 95% interval; 1 is all of it.

    after: loss or shift then. weight: how far the answers move when only this column is shuffled, as a share of shuffling the
    answers, 0 (ignored) to 1. moved: KS statistic or distance of the level shares between reference and current, 0 to 1.
    way: "values" (given the reference's values by rank) or "rebuilt" (from the other columns, for a lost link).
    """

    name: str
    recovered: intervals.Interval
    after: float
    weight: float
    moved: float
    way: str
    since: datetime | None = None


@dataclass(frozen=True)
class Ranking:
    """unit: what is measured. home, before: on unseen reference rows and on current rows, with 95% intervals. lost: whether before
    exceeds home beyond chance. columns: best first. together: the columns that help on their own, all at once, and what comes
    back then. everything: what comes back with all columns of the list.
    """

    unit: str
    home: intervals.Interval
    before: intervals.Interval
    lost: bool
    columns: tuple[Swapped, ...]
    together: tuple[str, ...]
    together_recovered: float
    everything: float


@dataclass(frozen=True)
class SwapBack:
    """loss: by true answers, None where the current rows have none. shift: by the distance of the answers' distributions.

    weights: (column, weight) of every feature of the stand-in, heaviest first; `weight_of` as a mapping. fidelity: of the
    stand-in on unseen reference rows; learnt: what it was fitted to. logged_rise: rise of the logged answers' mean loss.
    """

    loss: Ranking | None
    shift: Ranking
    weights: tuple[tuple[str, float], ...]
    fidelity: float
    learnt: str
    logged_rise: intervals.Interval | None
    rows: int

    @property
    def weight_of(self) -> dict[str, float]:
        return dict(self.weights)


@dataclass(frozen=True)
class _Scene:
    """What all swaps share: encoded rows of both sides, positions in the samples, scores."""

    drawn: Samples
    stand: Surrogate
    home_rows: NDArray[np.intp]
    rows: NDArray[np.intp]
    home: NDArray[np.float64]
    current: NDArray[np.float64]
    when: NDArray[np.datetime64] | None
    home_scores: NDArray[np.float64]
    scores: NDArray[np.float64]


def profile(incident: Incident) -> SwapBack:
    """Raises NotApplicable without both tables, or without predictions or target in the reference, or when no stand-in fits."""
    incident.pair()
    drawn = samples(incident)
    stand = stand_in(incident)
    if stand.skill < SKILL:
        raise NotApplicable(
            N_(
                "A stand-in fitted here explains only {skill:percent} of the answers, so swapping columns back would say nothing."
            ),
            needs="model",
            skill=stand.skill,
        )
    scene = _scene(incident, drawn, stand)
    if scene.home_rows.size < 10 or scene.rows.size < 10:
        raise NotApplicable(
            N_("Too few rows to score again ({rows:count} in the current table)."), needs="current", rows=int(scene.rows.size)
        )
    rng = np.random.default_rng(incident.seed)
    names = stand.encoder.features
    weights = _weights(scene, rng)
    moved = {name: _moved(scene, name) for name in names}
    chosen = sorted(names, key=lambda n: (-weights[n] * (0.05 + moved[n]), n))[:COLUMNS]
    swapped = {name: _restored(scene, name, rng) for name in chosen if weights[name] > 0}
    shift = _by_shift(scene, swapped, weights, moved, rng)
    loss = _by_loss(scene, swapped, weights, moved, incident.seed)
    ordered = tuple(sorted(weights.items(), key=lambda item: (-item[1], item[0])))
    return SwapBack(loss, shift, ordered, stand.fidelity, stand.learnt, _logged_rise(stand), int(scene.rows.size))


def judge(
    p: SwapBack,
    *,
    recovered_at: float = 0.3,
    low_at: float = 0.1,
    critical_at: float = 0.5,
    shown: int = 3,
    nothing_at: float = 0.2,
) -> list[Finding]:
    """Only when performance was lost (or, without true answers, when the answers shifted) beyond chance.

    A column fires when at least `recovered_at` of it comes back, and the lower end of the interval is above `low_at`: less is what
    any of several correlated columns brings back under a harmless move of the population.
    """
    by_loss = p.loss is not None and p.loss.lost
    ranking = p.loss if p.loss is not None and by_loss else p.shift
    if not ranking.lost:
        return []
    common: dict[str, Value] = {
        "home": ranking.home.value,
        "before": ranking.before.value,
        "unit": ranking.unit,
        "fidelity": p.fidelity,
        "measure": "loss" if by_loss else "shift",
    }
    helping = [c for c in ranking.columns if c.recovered.value >= recovered_at and c.recovered.low > low_at][:shown]
    findings = [_column(c, common, by_loss, critical_at) for c in helping]
    alone = max((c.recovered.value for c in helping), default=0.0)
    if len(ranking.together) >= 2 and ranking.together_recovered >= max(recovered_at, alone + 0.2):
        findings.append(
            Finding(
                TOGETHER,
                N_("With the reference's values in {columns:list}, {recovered:percent} of the lost performance comes back.")
                if by_loss
                else N_(
                    "With the reference's values in {columns:list}, {recovered:percent} of the shift of the answers goes away."
                ),
                common | {"columns": ranking.together, "recovered": ranking.together_recovered},
                ranking.together,
                Severity.CRITICAL if by_loss and ranking.together_recovered >= critical_at else Severity.WARNING,
                weight=float(np.clip(ranking.together_recovered, 0, 1)),
            )
        )
    best = max([ranking.everything, ranking.together_recovered, *(c.recovered.value for c in ranking.columns)], default=0.0)
    if by_loss and best < nothing_at:
        findings.append(
            Finding(
                NOTHING,
                N_(
                    "The {unit} of a stand-in rose from {home:number} to {before:number}, and giving the columns their reference "
                    "values brings back only {recovered:percent}: the relation to the truth changed, not the inputs."
                ),
                common | {"recovered": max(0.0, best)},
                weight=float(np.clip(1 - best, 0, 1)),
            )
        )
    return findings


def _column(column: Swapped, common: dict[str, Value], by_loss: bool, critical_at: float) -> Finding:
    says = N_("With the reference's values in {column:name} alone, {recovered:percent} of the lost performance comes back.")
    if not by_loss:
        says = N_(
            "With the reference's values in {column:name} alone, {recovered:percent} of the shift of the answers goes away."
        )
    if column.way == "rebuilt":
        says = N_(
            "With {column:name} rebuilt from the other columns, {recovered:percent} of the lost performance comes back: its values "
            "seem to belong to other rows."
        )
    severe = by_loss and column.recovered.value >= critical_at
    return Finding(
        COLUMN,
        says,
        common
        | {
            "column": column.name,
            "recovered": min(1.0, column.recovered.value),
            "low": column.recovered.low,
            "high": column.recovered.high,
            "after": column.after,
            "weight": column.weight,
            "moved": column.moved,
            "way": column.way,
        },
        (column.name,),
        Severity.CRITICAL if severe else Severity.WARNING,
        weight=float(np.clip(column.recovered.value, 0, 1)),
        since=column.since,
    )


def _scene(incident: Incident, drawn: Samples, stand: Surrogate) -> _Scene:
    rng = np.random.default_rng(incident.seed)
    home_rows = stand.held if stand.held.size <= ROWS else np.sort(rng.choice(stand.held, ROWS, replace=False))
    rows = np.arange(len(drawn.current))
    truth = stand.outcome.truth.current
    if truth is not None and pd.notna(truth).sum() >= MIN_ROWS:
        rows = np.flatnonzero(pd.notna(truth))
    if rows.size > ROWS:
        rows = rows[np.linspace(0, rows.size - 1, ROWS).astype(int)]
    home, current = stand.encoder.matrix(drawn.reference.iloc[home_rows]), stand.encoder.matrix(drawn.current.iloc[rows])
    when = times(drawn.current, incident.roles.timestamp)
    scores = stand.scores_of(home), stand.scores_of(current)
    return _Scene(drawn, stand, home_rows, rows, home, current, None if when is None else when[rows], *scores)


def _weights(scene: _Scene, rng: np.random.Generator) -> dict[str, float]:
    """Weight of each feature by shuffling it among the reference rows."""
    few = min(len(scene.home), 2_000 if scene.home.shape[1] <= 60 else 800)
    matrix, scores = scene.home[:few], scene.home_scores[:few]
    order = rng.permutation(few)
    most = float(np.abs(scores[order] - scores).mean())
    weights = {}
    for position_, name in enumerate(scene.stand.encoder.features):
        shuffled = matrix.copy()
        shuffled[:, position_] = matrix[order, position_]
        same = np.array_equal(shuffled[:, position_], matrix[:, position_], equal_nan=True)
        told = scores if same else scene.stand.scores_of(shuffled)
        weights[name] = float(min(1.0, np.abs(told - scores).mean() / most)) if most > 0 else 0.0
    return weights


def _moved(scene: _Scene, name: str) -> float:
    column = scene.stand.encoder.features.index(name)
    a, b = scene.home[:, column], scene.current[:, column]
    gone = abs(float(np.isnan(a).mean() - np.isnan(b).mean()))
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if not a.size or not b.size:
        return gone
    at = np.concatenate([a, b])
    apart = float(np.max(np.abs(np.searchsorted(a, at, "right") / a.size - np.searchsorted(b, at, "right") / b.size)))
    return max(gone, apart)


def _restored(scene: _Scene, name: str, rng: np.random.Generator) -> tuple[NDArray[np.float64], datetime | None]:
    """The encoded column, shape (m,), with reference values after its change, and when that was."""
    before, after = scene.drawn.reference[name].iloc[scene.home_rows], scene.drawn.current[name].iloc[scene.rows]
    column = scene.stand.encoder.features.index(name)
    coder = replace(scene.stand.encoder, features=(name,))
    category = coder.kinds[name] is Kind.CATEGORY
    home, now = scene.home[:, column], scene.current[:, column]
    # Levels that the reference lacks share one code; that they came is what matters for the time.
    mask = begun(scene.when, home, now)
    if category:
        levels = after.to_numpy(dtype=object).copy()
        levels[mask] = restore_levels(before.to_numpy(dtype=object), levels[mask], rng)
        encoded = coder.matrix(pd.DataFrame({name: pd.Series(levels, dtype=object)}))[:, 0]
    else:
        values = engine.seconds(after).copy()
        values[mask] = restore_numbers(engine.seconds(before), values[mask], rng)
        encoded = np.clip(values, -float(np.finfo(np.float32).max), float(np.finfo(np.float32).max))
    began = None
    if scene.when is not None:
        shifted = onset(scene.when, position(home, now)) if mask.all() else None
        known = scene.when[mask][~np.isnat(scene.when[mask])]
        if not mask.all() and known.size:
            began = known.min().astype("datetime64[s]").item()
        elif shifted is None and known.size:
            began = known.min().astype("datetime64[s]").item()
        elif shifted is not None:
            began = shifted.since
    return np.asarray(encoded), began


Swaps = dict[str, tuple[NDArray[np.float64], datetime | None]]


def _with(scene: _Scene, swaps: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    matrix = scene.current.copy()
    for name, values in swaps.items():
        matrix[:, scene.stand.encoder.features.index(name)] = values
    return matrix


def _by_loss(scene: _Scene, swapped: Swaps, weights: dict[str, float], moved: dict[str, float], seed: int) -> Ranking | None:
    known = scene.stand.outcome
    if known.truth.reference is None or known.truth.current is None:
        return None
    truth = known.truth.current[scene.rows]
    if pd.notna(truth).sum() < MIN_ROWS or pd.notna(known.truth.reference[scene.home_rows]).sum() < MIN_ROWS:
        return None

    def loss(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return row_loss(known, truth, scene.stand.answers_of(matrix))

    home = intervals.mean(row_loss(known, known.truth.reference[scene.home_rows], scene.stand.answers_of(scene.home)))
    was = loss(scene.current)
    before = intervals.mean(was)
    rise = before.value - home.value
    lost = before.low > home.high and rise >= 0.1 * home.value
    scale = rise if rise > 0 else float("inf")

    def back(matrix: NDArray[np.float64]) -> tuple[intervals.Interval, float]:
        now = loss(matrix)
        gain = intervals.mean(was - now)
        return intervals.Interval(gain.value / scale, gain.low / scale, gain.high / scale), float(np.nanmean(now))

    entries = []
    for name, (values, began) in swapped.items():
        recovered, after = back(_with(scene, {name: values}))
        entries.append(Swapped(name, recovered, after, weights[name], moved[name], "values", began))
    entries.sort(key=lambda c: (-c.recovered.value, c.name))
    together = tuple(c.name for c in entries if c.recovered.low > 0)[:10]
    together_back = back(_with(scene, {n: swapped[n][0] for n in together}))[0].value if together else 0.0
    everything = back(_with(scene, {n: v for n, (v, _) in swapped.items()}))[0].value if swapped else 0.0
    if lost and max([0.0, everything, together_back, *(c.recovered.value for c in entries)]) < 0.5:
        for name in sorted(weights, key=lambda n: (-weights[n], n))[:REBUILT]:
            values = _rebuild(scene, name, seed) if weights[name] >= 0.05 and moved[name] < 0.1 else None
            if values is None:
                continue
            recovered, after = back(_with(scene, {name: values}))
            old = next((c for c in entries if c.name == name), None)
            if old is None or recovered.value > old.recovered.value:
                entries = [c for c in entries if c.name != name]
                entries.append(Swapped(name, recovered, after, weights[name], moved[name], "rebuilt", old.since if old else None))
        entries.sort(key=lambda c: (-c.recovered.value, c.name))
    return Ranking(known.loss_name, home, before, lost, tuple(entries), together, together_back, everything)


def _rebuild(scene: _Scene, name: str, seed: int) -> NDArray[np.float64] | None:
    """The column predicted from the others by a model fitted on reference rows, shape (m,); None where they don't tell it."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    column = scene.stand.encoder.features.index(name)
    others = np.delete(np.arange(scene.home.shape[1]), column)
    if scene.drawn.kinds[name] is not Kind.NUMBER or not others.size:
        return None
    used = np.setdiff1d(np.arange(len(scene.drawn.reference)), scene.home_rows)
    if used.size > ROWS:
        used = used[np.linspace(0, used.size - 1, ROWS).astype(int)]
    matrix = scene.stand.encoder.matrix(scene.drawn.reference.iloc[used])
    target, check = matrix[:, column], scene.home[:, column]
    known, asked = np.isfinite(target), np.isfinite(check)
    if known.sum() < 100 or asked.sum() < MIN_ROWS or np.ptp(check[asked]) == 0:
        return None
    model = HistGradientBoostingRegressor(
        max_iter=40, learning_rate=0.15, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )
    with one_thread():
        model.fit(matrix[known][:, others], target[known])
        told = model.predict(scene.home[asked][:, others])
        explained = 1 - float(np.mean((told - check[asked]) ** 2)) / float(np.var(check[asked]))
        return np.asarray(model.predict(scene.current[:, others])) if explained >= SKILL else None


def _by_shift(
    scene: _Scene, swapped: Swaps, weights: dict[str, float], moved: dict[str, float], rng: np.random.Generator
) -> Ranking:
    at = np.linspace(0.002, 0.998, 250)
    home = np.quantile(scene.home_scores, at, axis=0)
    spread = float(scene.home_scores.std(axis=0).sum()) or 1.0

    def distance(scores: NDArray[np.float64]) -> float:
        return float(np.abs(np.quantile(scores, at, axis=0) - home).mean(axis=0).sum()) / spread

    was = distance(scene.scores)
    pooled = np.vstack([scene.home_scores, scene.scores])
    n = len(scene.home_scores)
    chance = []
    for _ in range(20):
        order = rng.permutation(len(pooled))
        left, right = np.quantile(pooled[order[:n]], at, axis=0), np.quantile(pooled[order[n:]], at, axis=0)
        chance.append(float(np.abs(left - right).mean(axis=0).sum()) / spread)
    floor, ceiling = float(np.mean(chance)), float(np.max(chance))
    # A tenth of a standard deviation is a small effect by any convention (Cohen 1988, chapter 2: 0.2 is small).
    lost = was > ceiling and was - floor >= 0.1
    scale = was - floor if was > floor else float("inf")
    entries = []
    for name, (values, began) in swapped.items():
        scores = scene.stand.scores_of(_with(scene, {name: values}))
        after = distance(scores)
        value = (was - after) / scale
        interval = intervals.Interval(value, value, value)
        if lost and value >= 0.2:
            drawn = [rng.integers(0, len(scores), len(scores)) for _ in range(20)]
            gains = [(distance(scene.scores[rows]) - distance(scores[rows])) / scale for rows in drawn]
            half = 1.96 * float(np.std(gains))
            interval = intervals.Interval(value, value - half, value + half)
        entries.append(Swapped(name, interval, after, weights[name], moved[name], "values", began))
    entries.sort(key=lambda c: (-c.recovered.value, c.name))
    together = tuple(c.name for c in entries if c.recovered.value >= 0.05)[:10]
    both = scene.stand.scores_of(_with(scene, {n: swapped[n][0] for n in together})) if together else scene.scores
    all_of = scene.stand.scores_of(_with(scene, {n: v for n, (v, _) in swapped.items()})) if swapped else scene.scores
    return Ranking(
        "distance of the answers",
        intervals.Interval(floor, 0.0, ceiling),
        intervals.Interval(was, was, was),
        lost,
        tuple(entries),
        together,
        (was - distance(both)) / scale,
        (was - distance(all_of)) / scale,
    )


def _logged_rise(stand: Surrogate) -> intervals.Interval | None:
    before, after = stand.outcome.loss("reference"), stand.outcome.loss("current")
    if before is None or after is None:
        return None
    a, b = intervals.mean(before), intervals.mean(after)
    half = float(np.hypot(a.high - a.value, b.high - b.value))
    rise = b.value - a.value
    return intervals.Interval(rise, rise - half, rise + half)
