"""Every fault that a pair of tables can show, by its code in the contract of `investigate`; and the controls without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.incidents import inject_model, inject_rows, inject_values
from benchmarks.incidents.world import Fault, World

INJECTORS: Final[Mapping[str, Callable[[World], Fault]]] = {
    name: getattr(module, name)
    for module, names in {
        inject_values: (
            "schema_change", "unit_change", "refit_scaler", "swapped_columns", "misjoined_column", "recoded_categories",
            "unseen_categories", "missing_values", "default_fill", "stale_feature", "format_change", "out_of_range",
            "precision_loss", "clipped_values",
        ),
        inject_rows: (
            "time_shift", "duplicated_rows", "covariate_drift", "selection_bias", "prior_shift", "concept_drift",
            "label_delay", "label_noise", "class_imbalance",
        ),
        inject_model: (
            "model_mismatch", "miscalibration", "overfitting", "underfitting", "target_leakage", "train_test_overlap",
            "scale_of_scores", "recoded_labels", "reference_fault",
        ),
    }.items()
    for name in names
}  # fmt: skip

NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "time_shift": frozenset({"times"}),
    "prior_shift": frozenset({"labels"}),
    "concept_drift": frozenset({"labels"}),
    "label_delay": frozenset({"labels", "times"}),
    "label_noise": frozenset({"labels"}),
    "class_imbalance": frozenset({"labels", "scores"}),
    "model_mismatch": frozenset({"scores"}),
    "miscalibration": frozenset({"labels", "scores"}),
    "overfitting": frozenset({"labels", "scores"}),
    "underfitting": frozenset({"labels", "scores"}),
    "target_leakage": frozenset({"labels"}),
    "scale_of_scores": frozenset({"scores"}),
    "recoded_labels": frozenset({"labels"}),
    "reference_fault": frozenset({"times"}),
}
"""Without these parts nobody could tell: the fault is not asked for in that tier."""


def clean(w: World) -> Fault:
    return Fault("nothing", current=w.clean())


def benign_drift(w: World) -> Fault:
    """A column that the model ignores (one of the table's, else one of noise) moves strongly."""
    ignored = w.ignored()
    current, reference = w.clean(), w.reference.copy()
    number = [n for n in ignored if reference[n].dtype.kind in "iuf"]
    if not number or w.rng.random() < 0.3:
        number = ["session_noise"]
        for frame in (reference, current):
            frame["session_noise"] = w.rng.normal(50, 12, len(frame)).round(2)
    name = number[0]
    values = current[name].astype("float64")
    spread = float(reference[name].astype("float64").std()) or 1.0
    style = str(w.pick(("shift", "wider", "narrower")))
    moved = {
        "shift": values + (0.5, 1.0, 2.0)[w.severity] * spread,
        "wider": values.mean() + (values - values.mean()) * (1.4, 2, 3)[w.severity],
        "narrower": values.mean() + (values - values.mean()) * (0.8, 0.6, 0.4)[w.severity],
    }[style]
    current[name] = values.where(~w.after, moved.round(3))
    return Fault(style, (name,), current=current, reference=reference)


CONTROLS: Final[Mapping[str, tuple[str, Callable[[World], Fault]]]] = {
    "clean": ("usual", clean),
    "benign_drift": ("usual", benign_drift),
    "small": ("small", clean),
    "large": ("large", clean),
}
"""Name to the size of the tables and the maker."""
