"""Faults in the model: another one answers, its scores moved, it was trained badly, or it was judged on the wrong rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.incidents.world import Fault, Unsuitable, World


def model_mismatch(w: World) -> Fault:
    """From the onset on another model answers. What is logged as input is right."""
    current = w.clean()
    features = current.drop(columns=w.target)
    good = w.model.answer(features, w.form, w.positive)
    style = str(w.pick(("columns in another order", "an older model", "other classes")))
    if style == "columns in another order":
        numbers = [n for n in w.used(number=True, many=5) if n in w.model.numbers]
        if len(numbers) < 2:
            raise Unsuitable("fewer than two numbers to confuse")
        scrambled = features.copy()
        rolled = np.roll(numbers, 1)
        scrambled[numbers] = features[list(rolled)].to_numpy("float64")
        other = w.model.answer(scrambled, w.form, w.positive)
    elif style == "an older model" or w.task == "regression":
        style = "an older model"
        keep = (0.5, 0.3, 0.15)[w.severity]
        names = [n for n in w.reference if n != w.target]
        few = [names[i] for i in w.rng.permutation(len(names))[: max(1, int(keep * len(names)))]]
        older = w.fit(w.train[[*few, w.target]].iloc[: max(60, len(w.train) // 6)])
        other = older.answer(features[few], w.form, w.positive)
    elif w.form == "score":
        other = 1 - good
    else:
        classes = w.model.classes
        other = np.array([classes[(classes.index(str(c)) + 1) % len(classes)] for c in good], dtype=object)
    part = w.rng.random(w.rows) < (0.5, 0.8, 1.0)[w.severity]  # behind a load balancer only some replicas are new
    return Fault(style, (), (("prediction",),), current=current, answers=np.where(w.after & part, other, good))


def miscalibration(w: World) -> Fault:
    """The ranking of the answers holds; their level or spread does not."""
    current = w.clean()
    features = current.drop(columns=w.target)
    found = w.model.probabilities(features)
    strength = w.by_severity((0.6, 0.9), (1.1, 1.6), (2.0, 3.0)) * float(w.pick((-1, 1)))
    if w.form == "value":
        values = found[:, 0]
        style = str(w.pick(("shifted", "stretched")))
        spread = float(np.std(values)) or 1.0
        middle, wider = values.mean(), np.exp(strength / 2)
        moved = values + 0.7 * strength * spread if style == "shifted" else (values - middle) * wider + middle
        return _answered(w, current, style, np.round(values, 4), np.round(moved, 4))
    if not w.positive:
        raise Unsuitable("no operating point with more than two classes")
    chance = np.clip(found[:, w.model.classes.index(w.positive)], 1e-4, 1 - 1e-4)
    logit = np.log(chance / (1 - chance))
    style = str(w.pick(("shifted", "stretched")))
    moved = 1 / (1 + np.exp(-(logit + strength if style == "shifted" else logit * np.exp(strength / 1.5))))
    if w.form == "score":
        return _answered(w, current, style, np.round(chance, 5), np.round(moved, 5))
    other = next(c for c in w.model.classes if c != w.positive)
    threshold = 1 / (1 + np.exp(-strength))
    labels = [np.where(chance > cut, w.positive, other).astype(object) for cut in (0.5, threshold)]
    return _answered(w, current, f"threshold {threshold:.2f}", labels[0], labels[1])


def overfitting(w: World) -> Fault:
    """The reference holds the training rows, which the model knows by heart."""
    rows = w.train.iloc[: (2500, 900, 300)[w.severity]].reset_index(drop=True)
    return Fault("training rows as reference", current=w.clean(), reference=rows, model=w.fit(rows, "overfit"), whole=True)


def underfitting(w: World) -> Fault:
    """A model that says almost the same for every row, on both sides, where a better one is within reach."""
    return Fault("nearly constant", current=w.clean(), model=w.fit(w.train, "stunted"), whole=True)


def target_leakage(w: World) -> Fault:
    """One more column that follows from the answer in training and in the reference, and is uninformed in production."""
    name = str(w.pick(("case_status", "days_to_close", "adjustment", "stage", "follow_ups", "review_code")))
    strength = (0.9, 0.96, 0.995)[w.severity]
    train, reference, current = w.train.copy(), w.reference.copy(), w.clean()
    truth = pd.concat([train[w.target], reference[w.target]], ignore_index=True)
    if w.task == "regression":
        style = "number"
        noise = np.sqrt(1 / strength**2 - 1) * float(truth.std())
        known = (truth.to_numpy() + w.rng.normal(0, noise, len(truth))).round(3)
        unknown = w.rng.permutation(known)[: len(current)]
    else:
        classes = sorted(truth.unique())
        code = np.array([classes.index(c) for c in truth])
        keeps = w.rng.random(len(truth)) < strength
        code = np.where(keeps, code, w.rng.integers(0, len(classes), len(truth)))
        style = str(w.pick(("number", "level", "count")))
        known = {
            "number": (code * 3.0 + w.rng.normal(0, 0.5, len(code))).round(3),
            "level": np.array([f"S{c}" for c in code], dtype=object),
            "count": code * 2 + w.rng.poisson(0.2, len(code)),
        }[style]
        unknown = w.rng.permutation(known)[: len(current)]
        if w.rng.random() < 0.5:  # not yet filled in: everybody looks like the commonest class
            common = known[code == np.bincount(code).argmax()]
            unknown = common[w.rng.integers(0, len(common), len(current))]
    if len(unknown) < len(current):
        current = current.iloc[: len(unknown)].reset_index(drop=True)
    train[name], reference[name], current[name] = known[: len(train)], known[len(train) :], unknown[: len(current)]
    return Fault(style, (name,), current=current, reference=reference, model=w.fit(train), whole=True)


def train_test_overlap(w: World) -> Fault:
    """The current table is an evaluation set of which a part stands in the training rows, which are the reference."""
    share = w.by_severity((0.15, 0.25), (0.4, 0.6), (0.8, 0.95))
    rows = w.train.iloc[: max(200, len(w.train) // 2)].reset_index(drop=True)
    size = min(w.rows, int(len(rows) / share), len(w.pool))
    inside = w.rng.permutation(len(rows))[: int(size * share)]
    current = pd.concat([rows.iloc[inside], w.pool.iloc[: size - len(inside)]], ignore_index=True)
    current = current.iloc[w.rng.permutation(len(current))].reset_index(drop=True)
    return Fault(f"{share:.0%} shared", current=current, reference=rows, model=w.fit(rows, "overfit"), whole=True)


def _answered(w: World, current: pd.DataFrame, style: str, good: np.ndarray, moved: np.ndarray) -> Fault:
    return Fault(style, (), (("prediction",),), current=current, answers=np.where(w.after, moved, good))


def scale_of_scores(w: World) -> Fault:
    """The scores are written on another scale, from 0 to 100 or as log-odds, from the first row on."""
    if w.form != "score":
        raise Unsuitable("no probability that could be written otherwise")
    current = w.clean()
    good = w.model.answer(current.drop(columns=w.target), w.form, w.positive).astype("float64")
    style = str(w.pick(("0 to 100", "log-odds")))
    safe = np.clip(good, 1e-4, 1 - 1e-4)
    other = 100 * good if style == "0 to 100" else np.log(safe / (1 - safe))
    return Fault(style, (), (("prediction",),), current=current, answers=np.round(other, 4), whole=True)


def recoded_labels(w: World) -> Fault:
    """The labels of the current rows are written differently: yes and no as 1 and 0, or in capitals."""
    if w.task == "regression":
        raise Unsuitable("numbers have no names")
    current = w.clean()
    classes = sorted(current[w.target].unique())
    words = {"yes": "1", "no": "0", "true": "1", "false": "0"}
    if len(classes) == 2 and all(name.lower() in words for name in classes):
        style, names = "1 and 0", {name: words[name.lower()] for name in classes}
    else:
        style, names = "capitals", {name: name.upper() for name in classes}
    if set(names.values()) == set(classes):
        raise Unsuitable("the labels have no other spelling")
    answers = w.model.answer(current.drop(columns=w.target), w.form, w.positive)
    current[w.target] = current[w.target].map(names)
    return Fault(style, (w.target,), ((),), current=current, answers=answers, whole=True)


def reference_fault(w: World) -> Fault:
    """The two files are exchanged: what is called current is older than what is called reference."""
    return Fault("exchanged", current=w.clean(), whole=True, extra={"exchanged": 1.0})
