"""Every kind of cause, one row each. Knows no check: the checks name the kinds that their rules suggest."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from diagnostics.nouns.cause_kind import CauseKind, Family
from diagnostics.nouns.words import N_

SCHEMA_CHANGE: Final[CauseKind] = CauseKind(
    code="schema_change",
    family=Family.DATA,
    title=N_("The schema changed"),
    plural=N_("{count:count} columns are missing, renamed, new or of another type: {columns:list}."),
    plain=True,
)
UNIT_CHANGE: Final[CauseKind] = CauseKind(
    code="unit_change",
    family=Family.DATA,
    title=N_("A column changed its unit"),
    like_drift=True,
    like_moved_rows=True,
    leaves=lambda: {OUT_OF_RANGE: 0.0, CLIPPED_VALUES: 0.0},
)
REFIT_SCALER: Final[CauseKind] = CauseKind(
    code="refit_scaler",
    family=Family.DATA,
    title=N_("A scaler was fitted again"),
    like_drift=True,
    leaves=lambda: {UNIT_CHANGE: 0.0, OUT_OF_RANGE: 0.0, CLIPPED_VALUES: 0.0},
)
SWAPPED_COLUMNS: Final[CauseKind] = CauseKind(
    code="swapped_columns",
    family=Family.DATA,
    title=N_("Two columns are swapped"),
    leaves=lambda: {UNIT_CHANGE: 0.0, OUT_OF_RANGE: 0.0, CLIPPED_VALUES: 0.0},
)
MISJOINED_COLUMN: Final[CauseKind] = CauseKind(
    code="misjoined_column",
    family=Family.DATA,
    title=N_("A column was joined to the wrong rows"),
)
RECODED_CATEGORIES: Final[CauseKind] = CauseKind(
    code="recoded_categories",
    family=Family.DATA,
    title=N_("Categories go by other names"),
    plural=N_("Categories go by other names in {count:count} columns at once: {columns:list}."),
    leaves=lambda: {UNSEEN_CATEGORIES: 0.0},
)
UNSEEN_CATEGORIES: Final[CauseKind] = CauseKind(
    code="unseen_categories",
    family=Family.DATA,
    title=N_("New categories appeared"),
    plural=N_("New categories came in {count:count} columns at once: {columns:list}."),
)
MISSING_VALUES: Final[CauseKind] = CauseKind(
    code="missing_values",
    family=Family.DATA,
    title=N_("Values are missing"),
    plural=N_("Values went missing in {count:count} columns at once: {columns:list}."),
)
DEFAULT_FILL: Final[CauseKind] = CauseKind(
    code="default_fill",
    family=Family.DATA,
    title=N_("Values were replaced by a default"),
    plural=N_("A default replaced values in {count:count} columns at once: {columns:list}."),
    like_moved_rows=True,
    leaves=lambda: {UNIT_CHANGE: 0.0, DUPLICATED_ROWS: 0.375},
)
STALE_FEATURE: Final[CauseKind] = CauseKind(
    code="stale_feature",
    family=Family.DATA,
    title=N_("A column stopped changing"),
    plural=N_("{count:count} columns stopped changing at once: {columns:list}."),
    like_moved_rows=True,
    leaves=lambda: {
        UNIT_CHANGE: 0.0,
        DEFAULT_FILL: 0.0,
        MISSING_VALUES: 0.43,
        PRECISION_LOSS: 0.34,
        CLIPPED_VALUES: 0.34,
        DUPLICATED_ROWS: 0.375,
    },
)
FORMAT_CHANGE: Final[CauseKind] = CauseKind(
    code="format_change",
    family=Family.DATA,
    title=N_("The format of the values changed"),
    plural=N_("Values are written differently in {count:count} columns at once: {columns:list}."),
    leaves=lambda: {UNIT_CHANGE: 0.0, OUT_OF_RANGE: 0.0, CLIPPED_VALUES: 0.0, SCHEMA_CHANGE: 0.0},
    plain=True,
)
OUT_OF_RANGE: Final[CauseKind] = CauseKind(
    code="out_of_range",
    family=Family.DATA,
    title=N_("Impossible values"),
    plural=N_("Values far outside the range came in {count:count} columns at once: {columns:list}."),
    like_drift=True,
    like_moved_rows=True,
)
PRECISION_LOSS: Final[CauseKind] = CauseKind(
    code="precision_loss",
    family=Family.DATA,
    title=N_("Values lost their precision"),
    plural=N_("Values lost their precision in {count:count} columns at once: {columns:list}."),
    leaves=lambda: {CLIPPED_VALUES: 0.34, DUPLICATED_ROWS: 0.375},
)
CLIPPED_VALUES: Final[CauseKind] = CauseKind(
    code="clipped_values",
    family=Family.DATA,
    title=N_("Values are cut off at a bound"),
    plural=N_("Values are cut off at a bound in {count:count} columns at once: {columns:list}."),
    like_moved_rows=True,
    leaves=lambda: {DUPLICATED_ROWS: 0.375},
)
TIME_SHIFT: Final[CauseKind] = CauseKind(
    code="time_shift",
    family=Family.DATA,
    title=N_("Times are shifted"),
)
DUPLICATED_ROWS: Final[CauseKind] = CauseKind(
    code="duplicated_rows",
    family=Family.DATA,
    title=N_("Rows are repeated"),
)
RECODED_LABELS: Final[CauseKind] = CauseKind(
    code="recoded_labels",
    family=Family.DATA,
    title=N_("The labels are written differently"),
    plain=True,
)
REFERENCE_FAULT: Final[CauseKind] = CauseKind(
    code="reference_fault",
    family=Family.DATA,
    title=N_("The fault lies in the reference"),
)

COVARIATE_DRIFT: Final[CauseKind] = CauseKind(
    code="covariate_drift",
    family=Family.POPULATION,
    title=N_("The population moved"),
)
SELECTION_BIAS: Final[CauseKind] = CauseKind(
    code="selection_bias",
    family=Family.POPULATION,
    title=N_("Another group of rows arrives"),
)
PRIOR_SHIFT: Final[CauseKind] = CauseKind(
    code="prior_shift",
    family=Family.POPULATION,
    title=N_("The class shares moved"),
    imitates=lambda: (CONCEPT_DRIFT, MISCALIBRATION),
)

CONCEPT_DRIFT: Final[CauseKind] = CauseKind(
    code="concept_drift",
    family=Family.CONCEPT,
    title=N_("The relation to the target changed"),
)
LABEL_DELAY: Final[CauseKind] = CauseKind(
    code="label_delay",
    family=Family.CONCEPT,
    title=N_("Recent labels are not final"),
    imitates=lambda: (CONCEPT_DRIFT, PRIOR_SHIFT, LABEL_NOISE, MISCALIBRATION),
)

MODEL_MISMATCH: Final[CauseKind] = CauseKind(
    code="model_mismatch",
    family=Family.MODEL,
    title=N_("Another model answers"),
    imitates=lambda: (CONCEPT_DRIFT, LABEL_NOISE),
)
MISCALIBRATION: Final[CauseKind] = CauseKind(
    code="miscalibration",
    family=Family.MODEL,
    title=N_("The scores are no longer calibrated"),
    imitates=lambda: (MODEL_MISMATCH, CONCEPT_DRIFT, PRIOR_SHIFT),
)
SCALE_OF_SCORES: Final[CauseKind] = CauseKind(
    code="scale_of_scores",
    family=Family.MODEL,
    title=N_("The scores are written on another scale"),
    imitates=lambda: (MODEL_MISMATCH, MISCALIBRATION, CONCEPT_DRIFT, PRIOR_SHIFT, LABEL_NOISE),
)

OVERFITTING: Final[CauseKind] = CauseKind(
    code="overfitting",
    family=Family.TRAINING,
    title=N_("The model learnt its training rows by heart"),
    imitates=lambda: (MODEL_MISMATCH, CONCEPT_DRIFT, LABEL_NOISE),
)
UNDERFITTING: Final[CauseKind] = CauseKind(
    code="underfitting",
    family=Family.TRAINING,
    title=N_("The model is too simple"),
)
CLASS_IMBALANCE: Final[CauseKind] = CauseKind(
    code="class_imbalance",
    family=Family.TRAINING,
    title=N_("The rare class is hardly ever predicted"),
    imitates=lambda: (UNDERFITTING,),
)
LABEL_NOISE: Final[CauseKind] = CauseKind(
    code="label_noise",
    family=Family.TRAINING,
    title=N_("Labels contradict the features"),
    imitates=lambda: (CONCEPT_DRIFT,),
)
TARGET_LEAKAGE: Final[CauseKind] = CauseKind(
    code="target_leakage",
    family=Family.TRAINING,
    title=N_("A column knew the answer"),
    imitates=lambda: (MISJOINED_COLUMN, CONCEPT_DRIFT, OVERFITTING, PRIOR_SHIFT, COVARIATE_DRIFT, MODEL_MISMATCH),
    leaves=lambda: {STALE_FEATURE: 0.43},
)
TRAIN_TEST_OVERLAP: Final[CauseKind] = CauseKind(
    code="train_test_overlap",
    family=Family.TRAINING,
    title=N_("The same rows in training and evaluation"),
    imitates=lambda: (OVERFITTING, DUPLICATED_ROWS, MODEL_MISMATCH, CONCEPT_DRIFT),
)

PREPROCESSING_LEAKAGE: Final[CauseKind] = CauseKind(
    code="preprocessing_leakage",
    family=Family.CODE,
    title=N_("Something was fitted before the split"),
)
SERVING_CODE: Final[CauseKind] = CauseKind(
    code="serving_code",
    family=Family.CODE,
    title=N_("The service's code is at fault"),
)
ENVIRONMENT_MISMATCH: Final[CauseKind] = CauseKind(
    code="environment_mismatch",
    family=Family.CODE,
    title=N_("The environments differ"),
    imitates=lambda: (MODEL_MISMATCH, MISCALIBRATION),
)
CONFIG_MISMATCH: Final[CauseKind] = CauseKind(
    code="config_mismatch",
    family=Family.CODE,
    title=N_("The configurations differ"),
    imitates=lambda: (MODEL_MISMATCH, MISCALIBRATION),
)

MEMORY_LEAK: Final[CauseKind] = CauseKind(
    code="memory_leak",
    family=Family.OPERATIONS,
    title=N_("Memory leaks"),
)
RESOURCE_SATURATION: Final[CauseKind] = CauseKind(
    code="resource_saturation",
    family=Family.OPERATIONS,
    title=N_("A resource is exhausted"),
)
LATENCY_REGRESSION: Final[CauseKind] = CauseKind(
    code="latency_regression",
    family=Family.OPERATIONS,
    title=N_("Answers became slower"),
)
ERROR_BURST: Final[CauseKind] = CauseKind(
    code="error_burst",
    family=Family.OPERATIONS,
    title=N_("Errors burst"),
)

VANISHING_GRADIENT: Final[CauseKind] = CauseKind(
    code="vanishing_gradient",
    family=Family.TRAINING,
    title=N_("Gradients vanish"),
)
EXPLODING_GRADIENT: Final[CauseKind] = CauseKind(
    code="exploding_gradient",
    family=Family.TRAINING,
    title=N_("Gradients explode"),
)
DEAD_UNITS: Final[CauseKind] = CauseKind(
    code="dead_units",
    family=Family.TRAINING,
    title=N_("Units are dead"),
)
LEARNING_RATE_TOO_HIGH: Final[CauseKind] = CauseKind(
    code="learning_rate_too_high",
    family=Family.TRAINING,
    title=N_("The learning rate is too high"),
)
LEARNING_RATE_TOO_LOW: Final[CauseKind] = CauseKind(
    code="learning_rate_too_low",
    family=Family.TRAINING,
    title=N_("The learning rate is too low"),
)
UNSTABLE_TRAINING: Final[CauseKind] = CauseKind(
    code="unstable_training",
    family=Family.TRAINING,
    title=N_("Training is unstable"),
)
STOPPED_TOO_EARLY: Final[CauseKind] = CauseKind(
    code="stopped_too_early",
    family=Family.TRAINING,
    title=N_("Training stopped too early"),
)

KINDS: Final = MappingProxyType({kind.code: kind for kind in list(globals().values()) if isinstance(kind, CauseKind)})
"""Code of the contract to its kind."""


def title_of(code: str) -> str:
    """The title of a kind as a message id; of a code that a newer version kept, the code."""
    return KINDS[code].title if code in KINDS else code
