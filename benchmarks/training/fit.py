"""Fits the scoring table of training histories: ``python benchmarks/training/fit.py --fit a.jsonl … --look b.jsonl …``.

Takes runs that groups.py has trained, shows each as files of several kinds (losses, with and without score, validation loss,
rate, layers, logged by the step), and writes diagnostics/clinic/training_history/points.json. `--look` prints what the doctor
makes of other runs with the table just fitted, and `--dry` leaves points.json as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.training.keep import load
from benchmarks.training.runs import Run, shows
from benchmarks.training.write import recorded
from diagnostics.clinic.training_history import points
from diagnostics.clinic.training_history.diagnosis import decide, rank
from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, History, make_curve
from diagnostics.clinic.training_history.reading.recorder import from_entries
from diagnostics.clinic.training_history.signs import measured
from diagnostics.clinic.training_history.symptoms import SYMPTOMS, Symptom, examine
from diagnostics.clinic.training_history.symptoms import Run as Examined

SIGNS: Final = (
    *(
        "drop",
        "flat",
        "trend",
        "falling",
        "rough",
        "late_step",
        "val_step",
        "step_beside",
        "climb",
        "val_trend",
        "above",
        "last_fall",
    ),
    *("early_share", "learnt_before", "speed", "bend", "gap", "gain", "val_gain", "rise", "went_on", "val_recent", "kicks"),
    *(
        "large_kicks",
        "val_kicks",
        "val_rough",
        "val_noise",
        "fastest",
        "entropy",
        "score",
        "score_move",
        "lost",
        "lasted",
        "worst",
    ),
    *("high_rate", "rate_end", "span", "growth", "dead", "update", "update_least", "updates", "update_end", "largest", "typical"),
    "fading",
)
"""Signs of the table. The length of a run is none of them: each problem is trained for as long as the benchmark lets it, which
holds nowhere else.
"""

QUANTILES: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
"""Of the runs fitted to, where a sign is cut: closer at both ends, as problems lie there."""

INVERSE_PENALTY: Final = 0.05
DIGITS: Final = 4
"""Keras and most loops print four decimals: every second run is rounded so."""

KINDS: Final = {
    "losses and score": (LOSS, VAL_LOSS, SCORE, VAL_SCORE),
    "losses": (LOSS, VAL_LOSS),
    "training loss": (LOSS,),
    "losses, score, rate": (LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE),
    "losses, rate": (LOSS, VAL_LOSS, RATE),
    "all and layers": (LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE),
    "losses, rate, layers": (LOSS, VAL_LOSS, RATE),
    "val score, rate, gradient": (LOSS, VAL_LOSS, VAL_SCORE, RATE, GRADIENT),
    "by the step": (LOSS, VAL_LOSS, VAL_SCORE, RATE),
}


@dataclass(frozen=True)
class Example:
    kind: str
    problem: str
    run: Examined
    present: list[Symptom]
    signs: dict[str, float]


def examples(files: list[Path]) -> Iterator[Example]:
    for file in files:
        for run in load(file):
            if shows(run):
                for kind, history in histories(run):
                    examined = examine(history)
                    present = [symptom for symptom in SYMPTOMS if symptom.problem(examined, 0.0) is not None]
                    signs = measured(history, examined.signs, examined.layers)
                    yield Example(kind, run.problem, examined, present, signs)


def histories(run: Run) -> Iterator[tuple[str, History]]:
    """The run as files of each kind."""
    rng = np.random.default_rng(zlib.crc32(f"{run.table} {run.architecture} {run.how} {len(run.told)}".encode()))
    whole = from_entries("run", recorded(run))
    norms = [float(np.sqrt(np.sum(np.square(np.clip(epoch.gradients, -1e150, 1e150))))) for epoch in run.told]
    gradient = make_curve(GRADIENT, "grad_norm", [epoch.number for epoch in run.told], norms)
    whole = replace(whole, curves=(*whole.curves, gradient) if gradient is not None else whole.curves)
    if rng.random() < 0.5:
        rounded = (
            replace(curve, y=tuple(np.round(curve.y, DIGITS).tolist())) if curve.part != RATE else curve for curve in whole.curves
        )
        whole = replace(whole, curves=tuple(rounded))
    for kind, parts in KINDS.items():
        if not run.classes and kind in ("losses", "losses, rate"):
            continue  # The same file again, as a regression has no score.
        if kind == "by the step":
            stepped = by_the_step(run, rng)
            if stepped is not None:
                yield kind, stepped
            continue
        curves = tuple(curve for curve in whole.curves if curve.part in parts)
        yield kind, replace(whole, curves=curves, layers=whole.layers if "layers" in kind else ())


def by_the_step(run: Run, rng: np.random.Generator) -> History | None:
    """The run as three long epochs, logged every few steps and judged after each, as Hugging Face's trainer does."""
    steps = np.array([loss for epoch in run.told for loss in epoch.step_losses])
    if len(steps) < 40 or not np.isfinite(steps).all() or len(run.told) < 6:
        return None
    lines = int(rng.choice([15, 24, 40]))
    parts = np.array_split(steps, lines)
    x = [3 * (place + 1) / lines for place in range(lines)]
    ends = [max(0, round(len(run.told) * share) - 1) for share in (1 / 3, 2 / 3, 1.0)]
    rates = [run.told[min(len(run.told) - 1, int(len(run.told) * (place + 0.5) / lines))].rate for place in range(lines)]
    curves = [
        # The last few steps before a line, not all: so much noise is in them.
        make_curve(LOSS, "loss", x, [float(part[-8:].mean()) for part in parts]),
        make_curve(VAL_LOSS, "eval_loss", [1.0, 2.0, 3.0], [run.told[place].val_loss for place in ends]),
        make_curve(RATE, "learning_rate", x, rates),
    ]
    if run.classes:
        scores = [run.told[place].val_score for place in ends]
        curves.append(make_curve(VAL_SCORE, "eval_accuracy", [1.0, 2.0, 3.0], scores, rising=True))
    return History("run", "huggingface", "epoch", 3, tuple(curve for curve in curves if curve is not None))


def cuts_of(shown: list[Example]) -> dict[str, list[float]]:
    made = {}
    for name in SIGNS:
        values = [one.signs[name] for one in shown if name in one.signs]
        if values:
            made[name] = sorted({float(f"{cut:.2g}") for cut in np.quantile(values, QUANTILES)})
    return made


def coded(shown: list[Example], cuts: dict[str, list[float]]) -> NDArray[np.float64]:
    """One column a cut (half above it, minus half below, nothing where it is missing), one a missing sign, one a symptom."""
    columns: list[Any] = []
    for name, places in cuts.items():
        values = np.array([one.signs.get(name, np.nan) for one in shown])
        missing = np.isnan(values)
        columns += [np.where(missing, 0.0, np.where(values > cut, 0.5, -0.5)) for cut in places] + [missing * 1.0]
    there = [{symptom.name for symptom in one.present} for one in shown]
    for symptom in SYMPTOMS:
        columns.append([float(symptom.name in names) for names in there])
    return np.column_stack(columns)


def fit(shown: list[Example]) -> dict[str, Any]:
    """The table as points.json holds it."""
    cuts = cuts_of(shown)
    truth = np.array([one.problem for one in shown])
    codes = sorted(set(truth))
    # As many healthy runs as faulty ones, and each fault as often as the others, in the square root.
    counts = Counter(truth.tolist())
    weights = {
        code: (len(truth) / 2 / counts[code] if not code else (len(truth) / 2 / counts[code] / (len(codes) - 1)) ** 0.5)
        for code in codes
    }
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
    model.fit(coded(shown, cuts), truth, sample_weight=np.array([weights[code] for code in truth]))
    at, told = 0, {}
    for name, places in cuts.items():
        part = model.coef_[:, at : at + len(places)]
        above = np.tri(len(places) + 1, len(places), -1) - 0.5
        told[name] = {
            "cuts": places,
            "points": np.round(np.vstack([above @ part.T, model.coef_[:, at + len(places)]]), 2).tolist(),
        }
        at += len(places) + 1
    symptoms = {one.name: np.round(model.coef_[:, at + place], 2).tolist() for place, one in enumerate(SYMPTOMS)}
    return {"codes": codes, "start": np.round(model.intercept_, 2).tolist(), "signs": told, "symptoms": symptoms}


def fit_all(shown: list[Example]) -> dict[str, dict[str, Any]]:
    """A table for each kind of file."""
    made = {}
    for kind in points.KINDS:
        made[kind] = fit([one for one in shown if points.kind_of(one.run.history) == kind])
    return made


def write(made: dict[str, dict[str, Any]]) -> None:
    """One line a sign, so that a change shows."""

    def lines(rows: dict[str, Any]) -> str:
        return ",\n   ".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())

    parts = [
        f'"{kind}": {{"codes": {json.dumps(table["codes"])},\n "start": {json.dumps(table["start"])},\n '
        f'"signs": {{\n   {lines(table["signs"])}}},\n "symptoms": {{\n   {lines(table["symptoms"])}}}}}'
        for kind, table in made.items()
    ]
    points.FILE.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def look(shown: list[Example], known: dict[str, points.Table], confusions: bool) -> None:
    """Right problem first, and healthy runs accused, by kind of file."""
    told: Counter[tuple[str, str, str]] = Counter()
    for one in shown:
        found = decide(one.run, one.present, rank(one.run, one.present, known[points.kind_of(one.run.history)])).problems
        told[one.kind, one.problem, found[0].code if found else ""] += 1
    for kind in KINDS:
        faulty = sum(n for (k, asked, _), n in told.items() if k == kind and asked)
        right = sum(n for (k, asked, said), n in told.items() if k == kind and asked and asked == said)
        healthy = sum(n for (k, asked, _), n in told.items() if k == kind and not asked)
        accused = sum(n for (k, asked, said), n in told.items() if k == kind and not asked and said)
        print(f"  {kind:26} right first {right:4} of {faulty:4} ({right / max(1, faulty):.1%})", end="")
        print(f"   healthy accused {accused:3} of {healthy:4} ({accused / max(1, healthy):.1%})")
        for asked in sorted({a for k, a, _ in told if k == kind}) if confusions else ():
            said = Counter({s: n for (k, a, s), n in told.items() if (k, a) == (kind, asked)})
            print(f"      {asked or 'healthy':24} " + ", ".join(f"{s or 'healthy'} {n}" for s, n in said.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", type=Path, nargs="+", required=True, help="runs to fit to")
    parser.add_argument("--look", type=Path, nargs="*", default=[], help="runs to look at with the table fitted")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    parser.add_argument("--confusions", action="store_true", help="print what each problem was taken for")
    options = parser.parse_args()
    made = fit_all(list(examples(options.fit)))
    if not options.dry:
        write(made)
    for file in options.look:
        print(file.stem)
        known = {kind: points.from_kept(table) for kind, table in made.items()}
        look(list(examples([file])), known, options.confusions)


if __name__ == "__main__":
    main()
