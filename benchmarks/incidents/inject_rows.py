"""Faults in which rows arrive, in their times and in their labels; most of them draw other real rows from the pool."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.incidents.served import Served
from benchmarks.incidents.world import Fault, Unsuitable, World


def time_shift(w: World) -> Fault:
    """The case builder makes the column: an event time just before the row was scored, so many hours off after the onset."""
    hours = ((1, -1), (2, -5, 5.5, 8, -3), (12, -11, 9, 13))[w.severity]
    offset = float(w.pick(hours))
    return Fault(f"{offset:+g} h", ("created_at",), current=w.clean(), extra={"offset": offset})


def duplicated_rows(w: World) -> Fault:
    share = w.by_severity((0.05, 0.1), (0.15, 0.3), (0.4, 0.8))
    batch = max(3, int(w.rng.uniform(0.02, 0.2) * (w.rows - w.start)))
    first = w.start + int(w.rng.integers(0, max(1, w.rows - w.start - batch)))
    block = np.arange(first, min(first + batch, w.rows))
    times = max(1, round(share * (w.rows - w.start) / len(block)))
    repeat = np.sort(np.concatenate([np.arange(w.rows), np.tile(block, times)]), kind="stable")
    return Fault(f"{len(block)} rows x{times + 1}", current=w.clean(), repeat=repeat, start=first)


def covariate_drift(w: World) -> Fault:
    name = w.used(number=True, many=5)[0]
    values = w.pool[name].astype("float64").rank(pct=True).fillna(0.5).to_numpy() - 0.5
    strength = w.by_severity((2.0, 3.0), (4.0, 6.0), (8.0, 12.0)) * _worse(w, values)
    return Fault("towards high" if strength > 0 else "towards low", (name,), current=_redrawn(w, strength * values))


def selection_bias(w: World) -> Fault:
    style = str(w.pick(("new group", "new group", "group gone")))
    # Of a few groups the one that a model without it knows least about.
    name, inside = max((_group(w) for _ in range(4)), key=lambda group: _unknown(w, group[1]))
    member = [inside(frame) for frame in (w.train, w.reference, w.pool)]
    share = w.by_severity((0.25, 0.35), (0.45, 0.6), (0.75, 0.95))
    if style == "new group":
        rare = w.rng.random(len(w.reference)) < 0.03
        model = w.fit(w.train[~member[0] | (w.rng.random(len(w.train)) < 0.03)].reset_index(drop=True))
        reference = w.reference[~member[1] | rare].reset_index(drop=True)
        before, after = _take(w, member[2], 0.01), _take(w, member[2], share, skip=True)
        return Fault(style, (name,), current=_joined(w, before, after), reference=reference, model=model)
    present = float(member[1].mean())
    before, after = _take(w, member[2], present), _take(w, member[2], present * (0.3, 0.1, 0.0)[w.severity], skip=True)
    return Fault(style, (name,), current=_joined(w, before, after))


def prior_shift(w: World) -> Fault:
    if w.task == "regression":
        raise Unsuitable("no classes")
    classes = sorted(w.pool[w.target].unique())
    chosen = str(w.pick(classes))
    hit = (w.pool[w.target] == chosen).to_numpy()
    sign = 1.0 if hit.mean() < 0.5 or w.rng.random() < 0.3 else -1.0
    logit = float(np.log(hit.mean() / (1 - hit.mean()))) + sign * w.by_severity((0.7, 0.9), (1.2, 1.6), (2.0, 2.8))
    share = 1 / (1 + np.exp(-logit))
    before, after = _take(w, hit, float(hit.mean())), _take(w, hit, share, skip=True)
    return Fault(f"{hit.mean():.0%} to {share:.0%}", (), ((w.target,),), current=_joined(w, before, after))


def concept_drift(w: World) -> Fault:
    current = w.clean()
    style = str(w.pick(("region", "everywhere")))
    truth = current[w.target].copy()
    affected = w.after.copy()
    name = None
    if style == "region":
        name, inside = _group(w)
        affected &= inside(current)
        if affected.sum() < 15:
            raise Unsuitable("region without rows")
    hit = affected & (w.rng.random(w.rows) < w.by_severity((0.45, 0.55), (0.65, 0.8), (0.9, 1.0)))
    if w.task == "regression":
        spread = float(w.reference[w.target].std())
        shift = float(w.pick((-1, 1))) * w.by_severity((0.7, 0.9), (1.1, 1.5), (1.8, 2.5)) * spread
        mirrored = 2 * float(truth.mean()) - truth
        current[w.target] = truth.where(~hit, truth + shift if w.rng.random() < 0.5 else mirrored)
    elif style == "region":
        classes = sorted(w.reference[w.target].unique())
        turned = dict(zip(classes, classes[1:] + classes[:1], strict=True))
        current[w.target] = truth.where(~hit, truth.map(turned))
    else:
        # The relation to one used column is turned round: the truth of the row whose value lies as far on the other side.
        name = w.used(number=True, many=5)[0]
        rows = np.flatnonzero(hit)
        order = rows[np.argsort(current[name].to_numpy("float64")[rows], kind="stable")]
        moved = truth.to_numpy().copy()
        moved[order] = truth.to_numpy()[order[::-1]]
        current[w.target] = moved
    accept = ((), (w.target,)) if name else ((w.target,),)
    return Fault(style, (name,) if name else (), accept, current=current)


def label_delay(w: World) -> Fault:
    current = w.clean()
    tail = int(w.rows * w.by_severity((0.12, 0.18), (0.25, 0.35), (0.45, 0.55)))
    late = np.arange(w.rows) >= w.rows - tail
    growing = np.clip((np.arange(w.rows) - (w.rows - tail)) / tail, 0, 1)
    if w.task == "regression":
        style = "amounts still growing"
        current[w.target] = current[w.target].where(~late, current[w.target] * (1 - 0.8 * (0.4 + 0.6 * growing)))
    elif w.positive:
        style = "positives not yet known"
        other = next(c for c in sorted(w.reference[w.target].unique()) if c != w.positive)
        unknown = late & (current[w.target] == w.positive).to_numpy() & (w.rng.random(w.rows) < 0.5 + 0.5 * growing)
        current[w.target] = current[w.target].where(~unknown, other)
    else:
        raise Unsuitable("no class that comes late")
    return Fault(style, (), ((w.target,),), current=current, start=w.rows - tail)


def label_noise(w: World) -> Fault:
    share = w.by_severity((0.08, 0.12), (0.18, 0.25), (0.3, 0.4))
    style = str(w.pick(("everywhere", "in current")))
    current = _noisy(w, w.clean(), share if style == "everywhere" else 1.3 * share, None if style == "everywhere" else w.after)
    if style == "in current":
        return Fault(style, (), ((w.target,),), current=current)
    model = w.fit(_noisy(w, w.train, share))
    return Fault(style, (), ((w.target,),), current=current, reference=_noisy(w, w.reference, share), model=model, whole=True)


def class_imbalance(w: World) -> Fault:
    if w.task == "regression" or not w.positive:
        raise Unsuitable("no rare class")
    share = w.by_severity((0.06, 0.09), (0.03, 0.05), (0.012, 0.025))
    train, reference, current = (_with_share(w, frame, share) for frame in (w.train, w.reference, w.pool))
    if (reference[w.target] == w.positive).sum() < 8:
        raise Unsuitable("too few of the rare class")
    return Fault(
        f"{share:.1%}",
        (),
        ((w.target,),),
        current=current,
        reference=reference,
        model=w.fit(train, "linear"),
        whole=True,
        form="label",
    )


def _noisy(w: World, frame: pd.DataFrame, share: float, where: np.ndarray | None = None) -> pd.DataFrame:
    hit = w.rng.random(len(frame)) < share
    if where is not None:
        hit &= where
    truth = frame[w.target]
    if w.task == "regression":
        other = truth.to_numpy()[w.rng.permutation(len(frame))]
    else:
        classes = np.array(sorted(w.reference[w.target].unique()), dtype=object)
        code = np.searchsorted(classes.astype(str), truth.to_numpy().astype(str))
        other = classes[(code + w.rng.integers(1, len(classes), len(frame))) % len(classes)]
    return frame.assign(**{w.target: truth.where(~hit, other)})


def _with_share(w: World, frame: pd.DataFrame, share: float) -> pd.DataFrame:
    hit = (frame[w.target] == w.positive).to_numpy()
    keep = max(1, int((~hit).sum() * share / (1 - share)))
    kept = np.concatenate([np.flatnonzero(~hit), w.rng.permutation(np.flatnonzero(hit))[:keep]])
    return frame.iloc[w.rng.permutation(kept)].reset_index(drop=True)


def _group(w: World) -> tuple[str, Callable[[pd.DataFrame], np.ndarray]]:
    """A column the model uses and a test for membership: one level, or one end of a number, with 10% to 45% of the rows."""
    for name in w.used(many=1):
        known = w.pool[name]
        if known.dtype.kind not in "iuf" or known.nunique() <= 6:
            shares = known.value_counts(normalize=True)
            fits = sorted((level for level, share in shares.items() if 0.1 <= share <= 0.45), key=str)
            if fits:
                return name, partial(_is_level, name, w.pick(fits))
            continue
        cut, upper = float(w.rng.uniform(0.15, 0.35)), bool(w.rng.random() < 0.5)
        end = partial(_is_beyond, name, float(known.quantile(1 - cut if upper else cut)), upper)
        if 0.1 <= end(w.pool).mean() <= 0.45:
            return name, end
    raise Unsuitable("no group of a fitting size")


def _unknown(w: World, inside: Callable[[pd.DataFrame], np.ndarray]) -> float:
    """How much worse than elsewhere a model does in a group that it was not trained on."""
    train, pool = w.train.iloc[:1500], w.pool.iloc[:1500]
    loss = _losses(w, w.fit(train[~inside(train)].reset_index(drop=True)), pool)
    member = inside(pool)
    return float(loss[member].mean() - loss[~member].mean()) if 0 < member.sum() < len(pool) else 0.0


def _is_level(name: str, level: object, frame: pd.DataFrame) -> np.ndarray:
    return (frame[name] == level).to_numpy()


def _is_beyond(name: str, bound: float, upper: bool, frame: pd.DataFrame) -> np.ndarray:
    return ((frame[name] > bound) if upper else (frame[name] < bound)).to_numpy()


def _worse(w: World, values: np.ndarray) -> float:
    """The direction in which the model does worse."""
    return 1.0 if np.corrcoef(values, _losses(w, w.model, w.pool))[0, 1] >= 0 else -1.0


def _losses(w: World, model: Served, rows: pd.DataFrame) -> np.ndarray:
    """Absolute error, or the probability that the true class did not get; shape (len(rows),)."""
    found = model.probabilities(rows.drop(columns=w.target))
    if w.task == "regression":
        return np.asarray(np.abs(found[:, 0] - rows[w.target].to_numpy()))
    columns = {name: position for position, name in enumerate(model.classes)}
    given = rows[w.target].map(columns).to_numpy("float64", na_value=-1).astype(int)
    lost: np.ndarray = np.where(given < 0, 1.0, 1 - found[np.arange(len(found)), given])
    return lost


def _redrawn(w: World, logit: np.ndarray) -> pd.DataFrame:
    """Rows before the onset as they come; after it drawn without replacement, weights exp(logit) (Efraimidis, Spirakis 2006)."""
    before = w.start
    rest = np.arange(before, len(w.pool))
    need = min(w.rows - before, int(len(rest) * 0.6))
    keys = logit[rest] - np.log(w.rng.exponential(size=len(rest)))
    chosen = rest[np.argsort(-keys, kind="stable")[:need]]
    return _joined(w, np.arange(before), w.rng.permutation(chosen))


def _take(w: World, member: np.ndarray, share: float, *, skip: bool = False) -> np.ndarray:
    """Row numbers of the pool with `share` of members: from its first `start` rows, or (skip) from the rest."""
    rows = np.arange(w.start, len(w.pool)) if skip else np.arange(w.start)
    wanted = w.rows - w.start if skip else w.start
    inside, outside = rows[member[rows]], rows[~member[rows]]
    if skip and w.rng.random() < 0.5:
        inside, outside = w.rng.permutation(inside), w.rng.permutation(outside)
    size = min(
        wanted, int(len(inside) / share) if share > 0 else wanted, int(len(outside) / (1 - share)) if share < 1 else wanted
    )
    taken = np.concatenate([inside[: round(size * share)], outside[: size - round(size * share)]])
    if len(taken) < 20:
        raise Unsuitable("too few rows of the group")
    return w.rng.permutation(taken)


def _joined(w: World, before: np.ndarray, after: np.ndarray) -> pd.DataFrame:
    w.start = len(before)
    current = w.pool.iloc[np.concatenate([before, after])].reset_index(drop=True)
    w.rows = len(current)
    return current
