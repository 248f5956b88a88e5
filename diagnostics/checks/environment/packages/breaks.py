"""What is known to break between two versions of a library; each line with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from packaging.version import Version

from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True)
class Break:
    """A difference in `package` does what `why` says.

    level: from this part of the version on ("major", "minor", "patch"); or, with `boundary`, when one side lies below that
    version and the other does not, whatever the level.
    """

    package: str
    level: str
    severity: Severity
    why: str
    source: str
    boundary: str = ""


CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO

_PERSISTENCE: Final = "https://scikit-learn.org/stable/model_persistence.html"
_KERAS_3: Final = "https://keras.io/guides/migrating_to_keras_3/"
_XGBOOST: Final = "https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html"
_CUDA: Final = N_("A framework built for one major version of CUDA does not find its libraries in another.")
_ARRAYS: Final = N_("Saved arrays and compiled extensions of one major version fail or change in the other.")

BREAKS: Final = (
    Break(
        "scikit-learn",
        "minor",
        CRITICAL,
        N_("A model saved by one version may not load, or answer differently, in another."),
        _PERSISTENCE,
    ),
    Break(
        "scikit-learn",
        "",
        CRITICAL,
        N_("Trees saved before 1.3 do not load in 1.3 and later: the layout of their nodes changed."),
        "https://scikit-learn.org/stable/whats_new/v1.3.html",
        "1.3",
    ),
    Break(
        "scikit-learn",
        "patch",
        WARNING,
        N_("A saved model is only promised to work in the version that wrote it."),
        _PERSISTENCE,
    ),
    Break("numpy", "major", CRITICAL, _ARRAYS, "https://numpy.org/doc/stable/numpy_2_0_migration_guide.html"),
    Break(
        "pandas",
        "",
        CRITICAL,
        N_("pandas 3 reads text as another type and copies on write: code that wrote into a slice changes nothing now."),
        "https://pandas.pydata.org/docs/whatsnew/v3.0.0.html",
        "3.0",
    ),
    Break(
        "pandas",
        "major",
        CRITICAL,
        N_("Text columns, copies and default types behave differently."),
        "https://pandas.pydata.org/docs/whatsnew/v2.0.0.html",
    ),
    Break(
        "protobuf",
        "",
        CRITICAL,
        N_("Code generated for protobuf 3 fails with protobuf 4 and later: descriptors cannot be created directly."),
        "https://protobuf.dev/news/2022-05-06/",
        "4.0",
    ),
    Break(
        "protobuf",
        "",
        CRITICAL,
        N_("protobuf 5 removed what code generated for version 4 and before still calls."),
        "https://protobuf.dev/news/2023-12-27/",
        "5.0",
    ),
    Break(
        "protobuf",
        "major",
        CRITICAL,
        N_("Generated code of one major version is refused by another."),
        "https://protobuf.dev/support/cross-version-runtime-guarantee/",
    ),
    Break(
        "tensorflow",
        "",
        CRITICAL,
        N_("TensorFlow 2.16 and later bring Keras 3, which does not load every model that Keras 2 saved."),
        _KERAS_3,
        "2.16",
    ),
    Break(
        "tensorflow",
        "minor",
        WARNING,
        N_("Saved models are promised to load in later minor versions only, not in earlier ones."),
        "https://www.tensorflow.org/guide/versions",
    ),
    Break("keras", "major", CRITICAL, N_("Keras 3 does not load all models that Keras 2 saved."), _KERAS_3),
    Break(
        "torch",
        "",
        WARNING,
        N_("Since torch 2.6, torch.load refuses files that hold more than weights unless told otherwise."),
        "https://docs.pytorch.org/docs/stable/notes/serialization.html",
        "2.6",
    ),
    Break(
        "torch",
        "minor",
        WARNING,
        N_("Numbers and operators may differ between minor versions."),
        "https://pytorch.org/docs/stable/notes/randomness.html",
    ),
    Break(
        "xgboost",
        "",
        CRITICAL,
        N_("XGBoost 3.1 no longer reads the old binary model files; save the model as JSON or UBJ first."),
        "https://xgboost.readthedocs.io/en/latest/changes/v3.1.0.html",
        "3.1",
    ),
    Break(
        "xgboost",
        "major",
        CRITICAL,
        N_("Pickled boosters are not promised to load in another version; save them as JSON."),
        _XGBOOST,
    ),
    Break(
        "xgboost",
        "minor",
        WARNING,
        N_("Pickled boosters are not promised to load in another version; save them as JSON."),
        _XGBOOST,
    ),
    Break(
        "lightgbm",
        "major",
        WARNING,
        N_("Defaults and the format of saved models changed between major versions."),
        "https://github.com/microsoft/LightGBM/releases",
    ),
    Break(
        "joblib",
        "major",
        WARNING,
        N_("Files written by a later version may not be read by an earlier one."),
        "https://joblib.readthedocs.io/en/stable/persistence.html",
    ),
    Break(
        "cloudpickle",
        "patch",
        WARNING,
        N_("cloudpickle only promises to load what the very same version saved."),
        "https://github.com/cloudpipe/cloudpickle#readme",
    ),
    Break(
        "onnxruntime",
        "minor",
        WARNING,
        N_("An earlier runtime refuses models of a later opset."),
        "https://onnxruntime.ai/docs/reference/compatibility.html",
    ),
    Break(
        "scipy",
        "major",
        WARNING,
        N_("Functions were removed or changed."),
        "https://docs.scipy.org/doc/scipy/release.html",
    ),
    Break(
        "transformers",
        "major",
        WARNING,
        N_("Major versions rename classes and change the defaults of tokenizers."),
        "https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md",
    ),
    Break(
        "pydantic",
        "",
        CRITICAL,
        N_("pydantic 2 checks inputs by other rules: requests that passed are refused, texts are no longer taken for numbers."),
        "https://docs.pydantic.dev/latest/migration/",
        "2.0",
    ),
    Break("cuda", "major", CRITICAL, _CUDA, "https://docs.nvidia.com/deploy/cuda-compatibility/"),
    Break("cudatoolkit", "major", CRITICAL, _CUDA, "https://docs.nvidia.com/deploy/cuda-compatibility/"),
    Break("cudnn", "major", CRITICAL, _CUDA, "https://docs.nvidia.com/deeplearning/cudnn/latest/reference/support-matrix.html"),
)
PYTHON: Final = Break(
    "python",
    "minor",
    CRITICAL,
    N_("Pickled models, compiled packages and language features differ between Python versions."),
    "https://docs.python.org/3/library/pickle.html#comparison-with-marshal",
)
PYTHONS: Final = (
    Break(
        "python",
        "",
        CRITICAL,
        N_("Python 2 and 3 do not read each other's pickles and texts alike."),
        "https://docs.python.org/3/library/pickle.html#data-stream-format",
        "3.0",
    ),
    Break(
        "python",
        "",
        CRITICAL,
        N_("Before 3.8, Python cannot read pickles of protocol 5, which later versions may write."),
        "https://peps.python.org/pep-0574/",
        "3.8",
    ),
    Break(
        "python",
        "",
        CRITICAL,
        N_("Python 3.12 removed distutils and other old modules, and older NumPy and pandas have no build for it."),
        "https://docs.python.org/3/whatsnew/3.12.html",
        "3.12",
    ),
    PYTHON,
)
"""The first that applies is told."""

WATCHED: Final = frozenset(b.package for b in BREAKS if not b.package.startswith("cud")) | {
    *("catboost", "statsmodels", "category-encoders", "skops", "imbalanced-learn", "tokenizers", "dill")
}
"""Packages that a model is made with: one of them missing matters."""

LEVELS: Final = ("major", "minor", "patch")


def level_of(before: Version, after: Version) -> str:
    """The highest part in which two versions differ: "major", "minor", "patch", or "build"; "" when they are equal."""
    if before == after:
        return ""
    if before.public == after.public:
        return "build"
    for level, part in zip(LEVELS, zip(_parts(before), _parts(after), strict=True), strict=True):
        if part[0] != part[1]:
            return level
    return "patch"


def _parts(version: Version) -> tuple[int, int, int]:
    return version.epoch * 100_000 + version.major, version.minor, version.micro


def known_break(package: str, before: Version, after: Version) -> Break | None:
    """The most severe break of `package` that lies between two versions; of equals the one with a boundary."""
    fitting = [b for b in BREAKS if b.package == package and _applies(b, before, after)]
    order = [CRITICAL, WARNING, INFO]
    return min(fitting, key=lambda b: (order.index(b.severity), not b.boundary), default=None)


def python_break(before: Version, after: Version) -> Break | None:
    """What is known of two versions of Python; None when only the patch differs."""
    return next((b for b in PYTHONS if _applies(b, before, after)), None)


def _applies(known: Break, before: Version, after: Version) -> bool:
    level = level_of(before, after)
    if known.boundary:
        edge = Version(known.boundary)
        return (before < edge) != (after < edge)
    return level in LEVELS and LEVELS.index(level) <= LEVELS.index(known.level)
