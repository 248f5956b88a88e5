"""Faults in the values of columns: units, scalers, swaps, joins, names, gaps, fills, formats, bounds. Styles vary on purpose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.incidents.world import Fault, Unsuitable, World


def schema_change(w: World) -> Fault:
    current = w.clean()
    style = str(w.pick(("renamed", "dropped", "retyped")))
    if style == "retyped":
        name = w.used(number=True, many=5)[0]
        edges = np.unique(current[name].quantile([0.3, 0.7]))
        words = np.array(["low", "middle", "high"], dtype=object)[np.searchsorted(edges, current[name].to_numpy("float64"))]
        return Fault(style, (name,), current=current.assign(**{name: words}), whole=True)
    name = w.used()[0]
    if style == "dropped":
        return Fault(style, (name,), current=current.drop(columns=name), whole=True)
    new = str(w.pick((name.upper() + "_", f"{name}_v2", f"new.{name}", name[::-1], f"feature_{w.rng.integers(100)}")))
    return Fault(style, (name,), ((new,), (name, new)), current=current.rename(columns={name: new}), whole=True)


def unit_change(w: World) -> Fault:
    current, name = w.clean(), w.used(number=True, many=5)[0]
    factors = ((1.609, 2.54, 0.4536, 0.3048, 3.785), (12, 24, 7, 28.35, 60, 1 / 12, 1 / 60), (1000, 100, 3600, 1e6, 0.001, 0.01))
    factor, offset = float(w.pick(factors[w.severity])), 0.0
    if w.severity == 0 and w.rng.random() < 0.25:
        factor, offset = 1.8, 32.0
    values = current[name].astype("float64")
    current[name] = values.where(~w.after, values * factor + offset)
    return Fault(f"x{factor:g}{'+32' if offset else ''}", (name,), current=current)


def refit_scaler(w: World) -> Fault:
    names = _numbers(w)
    if len(names) < 3:
        raise Unsuitable("fewer than three numbers to scale")
    style = str(w.pick(("other rows", "not applied", "applied twice", "range instead of spread")))
    raw = w.train[names].astype("float64")
    mean, spread = raw.mean(), raw.std()
    current, reference, train = w.clean(), w.reference.copy(), w.train.copy()
    values = current[names].astype("float64")
    for frame in (train, reference, current):
        frame[names] = ((frame[names].astype("float64") - mean) / spread).round(5)
    if style == "other rows":
        key = raw[w.used(number=True, many=5)[0]]
        part = raw[key.rank(pct=True) <= (0.8, 0.5, 0.25)[w.severity]]
        wrong = (values - part.mean()) / part.std().replace(0, 1.0)
    elif style == "not applied":
        wrong = values
    elif style == "applied twice":
        wrong = (current[names] - mean) / spread
    else:
        wrong = (values - raw.min()) / (raw.max() - raw.min())
    current[names] = np.where(w.after[:, None], wrong.round(5), current[names])
    return Fault(style, tuple(names), current=current, reference=reference, model=w.fit(train))


def _numbers(w: World) -> list[str]:
    """Features that hold numbers, with more than five values."""
    names = [str(name) for name in w.reference if name != w.target]
    return [n for n in names if w.reference[n].dtype.kind in "iuf" and w.reference[n].nunique() > 5]


def swapped_columns(w: World) -> Fault:
    names = w.used(number=True, many=5)
    others = _numbers(w)
    first = names[0]
    pairs = [n for n in others if n != first]
    if not pairs:
        raise Unsuitable("no second number to swap with")
    centre = w.reference[others].astype("float64").median()
    spread = w.reference[others].astype("float64").std()
    apart = sorted(pairs, key=lambda n: abs(centre[n] - centre[first]) / (spread[n] + spread[first] + 1e-12))
    second = apart[min(len(apart) - 1, int(len(apart) * (w.severity + w.rng.random()) / 3))]
    current = w.clean()
    current[[first, second]] = current[[first, second]].astype("float64")
    current.loc[w.after, [first, second]] = current.loc[w.after, [second, first]].to_numpy()
    return Fault("pair", (first, second), current=current)


def misjoined_column(w: World) -> Fault:
    current = w.clean()
    name = w.used(many=3)[0]
    rows = np.flatnonzero(w.hit(w.by_severity((0.3, 0.5), (0.6, 0.8), (0.95, 1.0))))
    style = str(w.pick(("shuffled", "shifted")))
    moved = w.rng.permutation(rows) if style == "shuffled" else np.roll(rows, int(w.rng.integers(1, 9)))
    current.loc[rows, name] = current[name].to_numpy()[moved]
    return Fault(style, (name,), current=current)


def recoded_categories(w: World) -> Fault:
    current, name = w.clean(), w.used(number=False, many=1)[0]
    levels = sorted(map(str, w.reference[name].dropna().unique()))
    styles = (("case", "spaces", "separator"), ("short", "prefix", "mirror"), ("numbers", "letters", "hashes"))
    style = str(w.pick(styles[w.severity]))
    order = w.rng.permutation(len(levels))
    written: Callable[[int, str], str] = {
        "case": lambda i, x: x.swapcase() if x.swapcase() != x else f" {x}",
        "spaces": lambda i, x: f" {x} " if i % 2 else f"{x}  .".rstrip("."),
        "separator": lambda i, x: "_".join(x.replace("-", " ").split()) if len(x.replace("-", " ").split()) > 1 else x + "_",
        "short": lambda i, x: x[:2].upper() + str(i),
        "prefix": lambda i, x: f"{name[:3]}:{x}",
        "mirror": lambda i, x: x[::-1] if x[::-1] != x else x + "#",
        "numbers": lambda i, x: f"{100 + 7 * int(order[i])}",
        "letters": lambda i, x: "K" + chr(65 + int(order[i]) % 26) * (1 + int(order[i]) // 26),
        "hashes": lambda i, x: f"{(hash_of(x) ^ 0x5BD1) & 0xFFFFFF:06x}x",
    }[style]
    mapping = {level: written(i, level) for i, level in enumerate(levels)}
    current[name] = current[name].where(~w.after, current[name].map(mapping))
    return Fault(style, (name,), current=current)


def hash_of(text: str) -> int:
    """The same on every run, unlike the built-in."""
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def unseen_categories(w: World) -> Fault:
    current, name = w.clean(), w.used(number=False, many=1)[0]
    hit = w.hit(w.by_severity((0.06, 0.15), (0.2, 0.4), (0.5, 0.8)))
    made = [
        f"{w.pick(('Type', 'new', 'zone', 'plan', 'X'))}{w.pick((' ', '-', '_'))}{n + 2}"
        for n in range(int(w.rng.integers(1, 6)))
    ]
    current.loc[hit, name] = np.array(made, dtype=object)[w.rng.integers(0, len(made), int(hit.sum()))]
    return Fault(f"{len(made)} levels", (name,), current=current)


def missing_values(w: World) -> Fault:
    current = w.clean()
    names = w.used()[: 1 if w.rng.random() < 0.7 else 2]
    token = str(w.pick(("", "", "NA", "null", "?", "N/A", "-", "nan", "None")))
    for name in names:
        hit = w.hit(w.by_severity((0.08, 0.2), (0.3, 0.5), (0.6, 0.95)))
        current[name] = current[name].astype(object)
        current.loc[hit, name] = token or None
    seen = current.copy()
    for name in names:
        seen[name] = seen[name].where(seen[name] != token, None) if token else seen[name]
    return Fault(f"token {token!r}", tuple(names), current=current, seen=seen)


def default_fill(w: World) -> Fault:
    current, name = w.clean(), w.used(number=True, many=8)[0]
    known = w.reference[name].astype("float64").dropna()
    fills = {
        "0": 0.0, "-1": -1.0, "-999": -999.0, "9999": 9999.0, "1": 1.0, "mode": float(known.mode().iloc[0]),
        "median": float(known.median()), "mean": round(float(known.mean()), 4),
        "lowest": float(known.min()), "highest": float(known.max()),
    }  # fmt: skip
    usable = [key for key, value in fills.items() if (known == value).mean() < 0.2]
    style = str(w.pick(usable))
    current[name] = current[name].astype("float64")
    current.loc[w.hit(w.by_severity((0.1, 0.25), (0.3, 0.55), (0.6, 0.95))), name] = fills[style]
    return Fault(style, (name,), current=current)


def stale_feature(w: World) -> Fault:
    current, name = w.clean(), w.used(many=3)[0]
    hold = (int(w.rng.integers(6, 25)), int(w.rng.integers(60, 200)), w.rows)[w.severity]
    rows = np.flatnonzero(w.after)
    current.loc[rows, name] = current[name].to_numpy()[rows[0] + (rows - rows[0]) // hold * hold]
    return Fault(f"held {hold}" if hold < w.rows else "frozen", (name,), current=current)


def format_change(w: World) -> Fault:
    current, name = w.clean(), w.used(number=True, many=5)[0]
    writers: dict[str, Callable[[float], str]] = {
        "unit glued": lambda v: f"{v:g} {unit}",
        "decimal comma": lambda v: f"{v:.3f}".replace(".", ","),
        "currency": lambda v: f"${v:,.2f}",
        "apostrophe": lambda v: f"{v:,.1f}".replace(",", "'").replace(".", ",") + ";",
        "brackets": lambda v: f"[{v:g}]",
        "equals": lambda v: f"={v:g}",
    }
    style = str(w.pick(tuple(writers)))
    unit = w.pick(("kg", "EUR", "pcs", "min", "%"))
    hit = w.hit(w.by_severity((0.15, 0.3), (0.4, 0.7), (0.9, 1.0)))
    values = current[name].astype(object)
    written = [writers[style](float(v)) if h and pd.notna(v) else v for v, h in zip(values, hit, strict=True)]
    return Fault(style, (name,), current=current.assign(**{name: pd.Series(written, dtype=object)}))


def out_of_range(w: World) -> Fault:
    current, name = w.clean(), w.used(number=True, many=5)[0]
    hit = w.hit(w.by_severity((0.01, 0.02), (0.03, 0.05), (0.06, 0.1)))
    hit[w.start + int(w.rng.integers(0, 5))] = True
    known = w.reference[name].astype("float64").dropna()
    width = float(known.max() - known.min()) or 1.0
    style = str(w.pick(("infinite", "huge", "negative", "far")))
    count = int(hit.sum())
    wrong = {
        "infinite": np.where(w.rng.random(count) < 0.5, np.inf, -np.inf),
        "huge": np.round(10.0 ** w.rng.uniform(9, 15, count)),
        "negative": known.min() - width * w.rng.uniform(2, 30, count),
        "far": known.max() + width * w.rng.uniform(3, 60, count),
    }[style]
    current[name] = current[name].astype("float64")
    current.loc[hit, name] = wrong
    return Fault(style, (name,), current=current)


def precision_loss(w: World) -> Fault:
    current, name = w.clean(), w.used(number=True, many=40)[0]
    values = current[name].astype("float64")
    spread = float(w.reference[name].astype("float64").std())
    step = 10.0 ** np.round(np.log10(spread * (0.3, 1.0, 2.5)[w.severity])) * w.pick((1.0, 0.5, 2.0))
    style = str(w.pick(("rounded", "truncated", "middle of bin")))
    bins = pd.Series(np.floor(values / step) * step, index=values.index)
    coarse = {
        "rounded": pd.Series(np.round(values / step) * step, index=values.index),
        "truncated": bins,
        "middle of bin": bins + step / 2,
    }
    if coarse[style].round(9).nunique() > values.nunique() / 2:
        raise Unsuitable("as coarse before")
    current[name] = values.where(~w.after, coarse[style].round(9))
    return Fault(style, (name,), current=current)


def clipped_values(w: World) -> Fault:
    current, name = w.clean(), w.used(number=True, many=15)[0]
    values = current[name].astype("float64")
    cut = w.by_severity((0.08, 0.15), (0.2, 0.35), (0.4, 0.6))
    style = str(w.pick(("above", "below", "both")))
    known = w.reference[name].astype("float64")
    low = known.quantile(cut / (2 if style == "both" else 1)) if style != "above" else -np.inf
    high = known.quantile(1 - cut / (2 if style == "both" else 1)) if style != "below" else np.inf
    clipped = values.clip(float(low), float(high))
    if (clipped != values)[w.after].mean() < 0.03:
        raise Unsuitable("nothing beyond the bound")
    current[name] = values.where(~w.after, clipped)
    return Fault(style, (name,), current=current)
