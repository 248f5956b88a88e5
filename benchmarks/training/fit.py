"""Fits the scoring table of the training-history doctor: ``python benchmarks/training/fit.py --runs a.jsonl b.jsonl``.

Takes runs that run.py --keep or drawn.py has kept, shows each as files of several kinds (losses, with and without score, held-out
loss, rate, layers), and writes diagnostics/clinic/training_history/points.json. `--check table|file` leaves each table or file
out in turn and prints what the others make of it, beside the rules alone; nothing is written then.
"""

from __future__ import annotations

import argparse
import json
import sys
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
from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE, History, make_curve
from diagnostics.clinic.training_history.layers import depths
from diagnostics.clinic.training_history.measures import measures
from diagnostics.clinic.training_history.recorder import from_entries
from diagnostics.clinic.training_history.rules import ALARM, by_rules
from diagnostics.clinic.training_history.signs import signs

SIGNS: Final = (
    "drop",
    "flat",
    "trend",
    "falling",
    "rough",
    "late_rough",
    "still",
    "still_beside",
    "climb",
    "held_trend",
    "above",
    "last_fall",
    "early_share",
    "learnt_before",
    "speed",
    "bend",
    "gap",
    "gain",
    "held_gain",
    "rise",
    "went_on",
    "kicks",
    "own_kicks",
    "held_kicks",
    "held_rough",
    "held_noise",
    "fastest",
    "entropy",
    "score",
    "score_move",
    "lost",
    "lasted",
    "worst",
    "high_rate",
    "rate_end",
    "span",
    "growth",
    "dead",
    "update",
    "update_least",
    "updates",
    "update_end",
    "largest",
    "typical",
    "fading",
)
"""Kept of all measures by leaving out those with the least points, as long as runs of other tables were told as well. The
length of a run is none of them: each problem is trained for as long as the benchmark lets it, which holds nowhere else.
"""

QUANTILES: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
"""Of the runs fitted to, where a sign is cut: closer at both ends, as problems lie there."""

INVERSE_PENALTY: Final = 0.03
HEALTHY_WEIGHT: Final = 2.0
"""A healthy run counts twice: a false alarm is the worse mistake."""

KINDS: Final = {
    "losses and score": (LOSS, VAL_LOSS, SCORE, VAL_SCORE),
    "losses": (LOSS, VAL_LOSS),
    "training loss": (LOSS,),
    "losses, score, rate": (LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE),
    "losses, rate": (LOSS, VAL_LOSS, RATE),
    "all and layers": (LOSS, VAL_LOSS, SCORE, VAL_SCORE, RATE),
    "all but rate, and layers": (LOSS, VAL_LOSS, SCORE, VAL_SCORE),
    "losses, rate, layers": (LOSS, VAL_LOSS, RATE),
    "held-out score, rate, gradient": (LOSS, VAL_LOSS, VAL_SCORE, RATE, GRADIENT),
}


@dataclass(frozen=True)
class Example:
    file: str
    table: str
    kind: str
    problem: str
    measured: dict[str, float]
    said: dict[str, float]


def examples(files: list[Path]) -> Iterator[Example]:
    for file in files:
        for run in load(file):
            if shows(run):
                yield from _kinds(file.stem, run)


def _kinds(file: str, run: Run) -> Iterator[Example]:
    whole = from_entries("run", recorded(run))
    norms = [float(np.sqrt(np.sum(np.square(np.clip(epoch.gradients, -1e150, 1e150))))) for epoch in run.told]
    gradient = make_curve(GRADIENT, "grad_norm", [epoch.number for epoch in run.told], norms)
    whole = replace(whole, curves=(*whole.curves, gradient) if gradient is not None else whole.curves)
    for kind, parts in KINDS.items():
        if not run.classes and parts in ((LOSS, VAL_LOSS), (LOSS, VAL_LOSS, RATE)):
            continue  # The same file again, as a regression has no score.
        history: History = replace(
            whole,
            curves=tuple(curve for curve in whole.curves if curve.part in parts),
            layers=whole.layers if "layers" in kind else (),
        )
        told = measures(history, signs(history), depths(history))
        yield Example(file, run.table, kind, run.problem, told, {one.code: one.confidence for one in by_rules(history)})


def cuts_of(shown: list[Example]) -> dict[str, list[float]]:
    made = {}
    for name in SIGNS:
        values = [one.measured[name] for one in shown if name in one.measured]
        made[name] = sorted({float(f"{cut:.2g}") for cut in np.quantile(values, QUANTILES)})
    return made


def coded(shown: list[Example], cuts: dict[str, list[float]], codes: list[str]) -> NDArray[np.float64]:
    """One column a cut (half above it, minus half below, nothing where not told), one a sign not told, one a rule."""
    columns: list[Any] = []
    for name, places in cuts.items():
        values = np.array([one.measured.get(name, np.nan) for one in shown])
        missing = np.isnan(values)
        columns += [np.where(missing, 0.0, np.where(values > cut, 0.5, -0.5)) for cut in places] + [missing * 1.0]
    for code in codes:
        columns.append([one.said.get(code, 0.0) if code else float(not one.said) for one in shown])
    return np.column_stack(columns)


def fit(shown: list[Example]) -> dict[str, Any]:
    """The table as points.json holds it."""
    cuts = cuts_of(shown)
    truth = np.array([one.problem for one in shown])
    codes = sorted(set(truth))
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=500)
    model.fit(coded(shown, cuts, codes), truth, sample_weight=np.where(truth == "", HEALTHY_WEIGHT, 1.0))
    at, told = 0, {}
    for name, places in cuts.items():
        part = model.coef_[:, at : at + len(places)]
        above = np.tri(len(places) + 1, len(places), -1) - 0.5
        told[name] = {
            "cuts": places,
            "points": np.round(np.vstack([above @ part.T, model.coef_[:, at + len(places)]]), 2).tolist(),
        }
        at += len(places) + 1
    rules = {code: np.round(model.coef_[:, at + place], 2).tolist() for place, code in enumerate(codes)}
    return {"codes": codes, "start": np.round(model.intercept_, 2).tolist(), "signs": told, "rules": rules}


def write(made: dict[str, Any]) -> None:
    """One line a sign, so that a change shows."""
    signs_told = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(sign)}" for name, sign in made["signs"].items())
    rules = ",\n  ".join(f"{json.dumps(code)}: {json.dumps(told)}" for code, told in made["rules"].items())
    head = f'"codes": {json.dumps(made["codes"])},\n"start": {json.dumps(made["start"])}'
    points.FILE.write_text(f'{{{head},\n"signs": {{\n  {signs_told}}},\n"rules": {{\n  {rules}}}}}\n', encoding="utf-8")


def check(shown: list[Example], by: str) -> None:
    told: Counter[tuple[str, str, bool, bool]] = Counter()
    for left_out in sorted({getattr(one, by) for one in shown}):
        known = points.from_kept(fit([one for one in shown if getattr(one, by) != left_out]))
        for one in shown:
            if getattr(one, by) == left_out:
                ranked = points.chances(one.measured, one.said, known)
                healthy = ranked.pop(points.HEALTHY)
                likeliest, chance = next(iter(ranked.items()))
                by_table = likeliest if chance > ALARM * healthy else ""
                by_rule = max(one.said, key=lambda code: one.said[code], default="")
                told[one.kind, "table", bool(one.problem), by_table == one.problem] += 1
                told[one.kind, "rules", bool(one.problem), by_rule == one.problem] += 1
    print(f"\neach {by} left out in turn: right problem first, false alarms")
    for kind in KINDS:
        for who in ("table", "rules"):
            right, wrong = told[kind, who, True, True], told[kind, who, True, False]
            quiet, alarmed = told[kind, who, False, True], told[kind, who, False, False]
            print(f"  {kind:26} {who}  {right:5} of {right + wrong:5} ({right / max(1, right + wrong):.1%})", end="")
            print(f"  {alarmed:3} of {alarmed + quiet:3} ({alarmed / max(1, alarmed + quiet):.1%})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--check", choices=["table", "file"])
    options = parser.parse_args()
    shown = list(examples(options.runs))
    if options.check:
        check(shown, options.check)
    else:
        write(fit(shown))


if __name__ == "__main__":
    main()
