"""What is known to break between versions, and which versions cannot stand together; each line with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from diagnostics.finding import Severity
from diagnostics.words import N_


@dataclass(frozen=True)
class Break:
    """A difference at `level` ("major", "minor", "patch") or above in `package` does what `why` says."""

    package: str
    level: str
    severity: Severity
    why: str
    source: str


_PERSISTENCE = "https://scikit-learn.org/stable/model_persistence.html"
BREAKS: Final = (
    Break(
        "scikit-learn",
        "minor",
        Severity.CRITICAL,
        N_("A model saved by one version may not load, or answer differently, in another."),
        _PERSISTENCE,
    ),
    Break(
        "scikit-learn",
        "patch",
        Severity.WARNING,
        N_("A saved model is only promised to work in the version that wrote it."),
        _PERSISTENCE,
    ),
    Break(
        "numpy",
        "major",
        Severity.CRITICAL,
        N_("Saved arrays and compiled extensions of one major version fail or change in the other."),
        "https://numpy.org/doc/stable/numpy_2_0_migration_guide.html",
    ),
    Break(
        "pandas",
        "major",
        Severity.CRITICAL,
        N_("Text columns, copies and default types behave differently."),
        "https://pandas.pydata.org/docs/whatsnew/v3.0.0.html",
    ),
    Break(
        "protobuf",
        "major",
        Severity.CRITICAL,
        N_("Generated code of one major version is refused by another."),
        "https://protobuf.dev/support/cross-version-runtime-guarantee/",
    ),
    Break(
        "tensorflow",
        "minor",
        Severity.WARNING,
        N_("Saved models are promised to load in later minor versions only, not in earlier ones."),
        "https://www.tensorflow.org/guide/versions",
    ),
    Break(
        "keras",
        "major",
        Severity.CRITICAL,
        N_("Keras 3 does not load all models that Keras 2 saved."),
        "https://keras.io/guides/migrating_to_keras_3/",
    ),
    Break(
        "torch",
        "minor",
        Severity.WARNING,
        N_("Numbers and operators may differ between minor versions."),
        "https://pytorch.org/docs/stable/notes/randomness.html",
    ),
    Break(
        "xgboost",
        "major",
        Severity.CRITICAL,
        N_("Pickled boosters are not promised to load in another version; save them as JSON."),
        "https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html",
    ),
    Break(
        "lightgbm",
        "major",
        Severity.WARNING,
        N_("Defaults and the format of saved models changed between major versions."),
        "https://github.com/microsoft/LightGBM/releases",
    ),
    Break(
        "joblib",
        "major",
        Severity.WARNING,
        N_("Files written by a later version may not be read by an earlier one."),
        "https://joblib.readthedocs.io/en/stable/persistence.html",
    ),
    Break(
        "onnxruntime",
        "minor",
        Severity.WARNING,
        N_("An earlier runtime refuses models of a later opset."),
        "https://onnxruntime.ai/docs/reference/compatibility.html",
    ),
    Break(
        "scipy",
        "major",
        Severity.WARNING,
        N_("Functions were removed or changed."),
        "https://docs.scipy.org/doc/scipy/release.html",
    ),
)
PYTHON: Final = Break(
    "python",
    "minor",
    Severity.CRITICAL,
    N_("Pickled models, compiled packages and language features differ between Python versions."),
    "https://docs.python.org/3/library/pickle.html#comparison-with-marshal",
)
WATCHED: Final = frozenset(b.package for b in BREAKS) | {"catboost", "transformers", "statsmodels", "category-encoders", "skops"}
"""Packages that a model is made with: one of them missing matters."""

_LEVELS: Final = ("major", "minor", "patch")


def level_of(before: Version, after: Version) -> str:
    """The highest part in which two versions differ: "major", "minor" or "patch"; "" when they are equal."""
    if before == after:
        return ""
    for level, part in zip(_LEVELS, zip(_parts(before), _parts(after), strict=True), strict=True):
        if part[0] != part[1]:
            return level
    return "patch"


def _parts(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.micro


def known_break(package: str, level: str) -> Break | None:
    """The most severe break of `package` that a difference at `level` sets off."""
    fitting = [b for b in BREAKS if b.package == package and _LEVELS.index(level) <= _LEVELS.index(b.level)]
    return min(fitting, key=lambda b: list(Severity).index(b.severity) * -1, default=None)


@dataclass(frozen=True)
class Need:
    """`package` in `versions` needs `other` within `needs` (from the package's own metadata on its index)."""

    package: str
    versions: SpecifierSet
    other: str
    needs: SpecifierSet


def _need(package: str, versions: str, other: str, needs: str) -> Need:
    return Need(package, SpecifierSet(versions), other, SpecifierSet(needs))


NEEDS: Final = (
    _need("tensorflow", ">=2.3,<2.4", "numpy", ">=1.16.0,<1.19.0"),
    _need("tensorflow", ">=2.3,<2.4", "tensorflow-estimator", ">=2.3.0,<2.4.0"),
    _need("tensorflow", ">=2.4,<2.6", "numpy", ">=1.19.2,<1.20"),
    _need("tensorflow", ">=2.9,<2.12", "protobuf", ">=3.9.2,<3.20"),
    _need("tensorflow", ">=2.12,<2.13", "numpy", ">=1.22,<1.24"),
    _need("numba", ">=0.56,<0.57", "numpy", ">=1.18,<1.24"),
    _need("numba", ">=0.57,<0.58", "numpy", ">=1.21,<1.25"),
    _need("numba", ">=0.58,<0.60", "numpy", ">=1.22,<1.27"),
    _need("scipy", ">=1.8,<1.9", "numpy", ">=1.17.3,<1.25"),
    _need("scipy", ">=1.9,<1.10", "numpy", ">=1.18.5,<1.26"),
    _need("scipy", ">=1.10,<1.11", "numpy", ">=1.19.5,<1.27"),
    _need("scipy", ">=1.11,<1.12", "numpy", ">=1.21.6,<1.28"),
    _need("scikit-learn", ">=1.4,<1.5", "numpy", ">=1.19.5,<2.0"),
    _need("pandas", ">=3,<4", "numpy", ">=1.26.0"),
    _need("finplot", ">=1.8.2,<=1.8.4", "numpy", ">=1.22.3"),
)
