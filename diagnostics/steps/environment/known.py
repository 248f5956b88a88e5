"""What is known about versions: differences that break or change a model, and what packages need of each other.

Two small tables. Each entry names its source; what is not listed is judged by the size of the step alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from diagnostics.finding import Severity
from diagnostics.words import N_


@dataclass(frozen=True)
class Break:
    """A known break. boundary: it is this when one side lies below this version and the other does not; "" for every
    difference of `step`.

    step: the smallest difference that counts: "major", "minor" or "any".
    """

    package: str
    boundary: str
    step: str
    severity: Severity
    why: str
    source: str


@dataclass(frozen=True)
class Need:
    """`package` in `versions` needs `other` in `needs`; from the package's own metadata unless `source` says otherwise."""

    package: str
    versions: str
    other: str
    needs: str
    source: str = "metadata of the package on PyPI"


CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO

_PERSISTENCE: Final = "https://scikit-learn.org/stable/model_persistence.html"
_NUMPY_2: Final = "https://numpy.org/doc/stable/numpy_2_0_migration_guide.html"

BREAKS: Final = (
    Break(
        "scikit-learn",
        "1.3",
        "",
        CRITICAL,
        N_("Trees saved before 1.3 do not load in 1.3 and later: the layout of their nodes changed."),
        "https://scikit-learn.org/stable/whats_new/v1.3.html",
    ),
    Break(
        "scikit-learn",
        "",
        "minor",
        WARNING,
        N_("A model saved by one version of scikit-learn may not load in another, or may answer differently."),
        _PERSISTENCE,
    ),
    Break(
        "numpy",
        "2.0",
        "",
        CRITICAL,
        N_("NumPy 2 changed its binary interface, type promotion and printing: older compiled packages and pickles break."),
        _NUMPY_2,
    ),
    Break(
        "pandas",
        "3.0",
        "",
        CRITICAL,
        N_("pandas 3 reads text as another type and always copies on write: code that wrote into a slice now changes nothing."),
        "https://pandas.pydata.org/docs/whatsnew/v3.0.0.html",
    ),
    Break(
        "pandas",
        "2.0",
        "",
        WARNING,
        N_("pandas 2 removed DataFrame.append and others, and parses dates by the first row's format."),
        "https://pandas.pydata.org/docs/whatsnew/v2.0.0.html",
    ),
    Break(
        "protobuf",
        "4.0",
        "",
        CRITICAL,
        N_("Code generated for protobuf 3 fails with protobuf 4 and later: descriptors cannot be created directly."),
        "https://protobuf.dev/news/2022-05-06/",
    ),
    Break(
        "protobuf",
        "",
        "major",
        WARNING,
        N_("protobuf promises that generated code works only with its own and the next major version."),
        "https://protobuf.dev/support/cross-version-runtime-guarantee/",
    ),
    Break(
        "tensorflow",
        "2.16",
        "",
        CRITICAL,
        N_("TensorFlow 2.16 and later bring Keras 3, which does not load every model saved by Keras 2."),
        "https://keras.io/guides/migrating_to_keras_3/",
    ),
    Break(
        "tensorflow",
        "",
        "minor",
        WARNING,
        N_("Operations and saved models are only promised to work in the same or a later minor version."),
        "https://www.tensorflow.org/guide/versions",
    ),
    Break(
        "keras",
        "3.0",
        "",
        CRITICAL,
        N_("Keras 3 does not load every model that Keras 2 saved, and removed parts of its interface."),
        "https://keras.io/guides/migrating_to_keras_3/",
    ),
    Break(
        "torch",
        "2.6",
        "",
        WARNING,
        N_("Since torch 2.6, torch.load refuses files that hold more than weights unless told otherwise."),
        "https://docs.pytorch.org/docs/stable/notes/serialization.html",
    ),
    Break(
        "xgboost",
        "",
        "major",
        CRITICAL,
        N_("A pickled XGBoost model loads only in the version that saved it; save_model is the stable form."),
        "https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html",
    ),
    Break(
        "xgboost",
        "",
        "minor",
        WARNING,
        N_("A pickled XGBoost model loads only in the version that saved it; save_model is the stable form."),
        "https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html",
    ),
    Break(
        "lightgbm",
        "4.0",
        "",
        WARNING,
        N_("LightGBM 4 removed arguments of training and prediction and changed defaults."),
        "https://github.com/microsoft/LightGBM/releases/tag/v4.0.0",
    ),
    Break(
        "cloudpickle",
        "",
        "any",
        WARNING,
        N_("cloudpickle only promises to load what the very same version saved."),
        "https://github.com/cloudpipe/cloudpickle#readme",
    ),
    Break(
        "dill",
        "",
        "minor",
        WARNING,
        N_("dill files are not promised to load in another version."),
        "https://dill.readthedocs.io/",
    ),
    Break(
        "joblib",
        "",
        "minor",
        INFO,
        N_("joblib files are pickles: they load when the libraries inside them still agree."),
        "https://joblib.readthedocs.io/en/stable/persistence.html",
    ),
    Break(
        "transformers",
        "",
        "major",
        WARNING,
        N_("Major versions of transformers rename classes and change the defaults of tokenizers."),
        "https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md",
    ),
    Break(
        "pydantic",
        "2.0",
        "",
        CRITICAL,
        N_(
            "pydantic 2 checks inputs by other rules: requests that passed are refused, numbers and texts are no "
            "longer converted."
        ),
        "https://docs.pydantic.dev/latest/migration/",
    ),
    Break(
        "cuda",
        "",
        "major",
        CRITICAL,
        N_("A framework built for one major version of CUDA does not find its libraries in another."),
        "https://docs.nvidia.com/deploy/cuda-compatibility/",
    ),
    Break(
        "cudatoolkit",
        "",
        "major",
        CRITICAL,
        N_("A framework built for one major version of CUDA does not find its libraries in another."),
        "https://docs.nvidia.com/deploy/cuda-compatibility/",
    ),
    Break(
        "cudnn",
        "",
        "major",
        CRITICAL,
        N_("A framework built for one major version of cuDNN does not find its libraries in another."),
        "https://docs.nvidia.com/deeplearning/cudnn/latest/reference/support-matrix.html",
    ),
)

MODEL_LIBRARIES: Final = frozenset(
    [
        "scikit-learn",
        "numpy",
        "pandas",
        "scipy",
        "tensorflow",
        "keras",
        "torch",
        "xgboost",
        "lightgbm",
        "catboost",
        "joblib",
        "onnxruntime",
        "transformers",
        "tokenizers",
        "cloudpickle",
        "dill",
        "skops",
        "imbalanced-learn",
        "category-encoders",
    ]
)
"""Without one of these a saved model usually does not load at all."""


def _tensorflow(version: str, **needs: str) -> tuple[Need, ...]:
    names = ("tensorflow", "tensorflow-gpu")
    return tuple(Need(name, f"=={version}.*", other.replace("_", "-"), spec) for name in names for other, spec in needs.items())


NEEDS: Final = (
    *_tensorflow("1.14", numpy=">=1.14.5,<2.0", tensorboard=">=1.14.0,<1.15.0", tensorflow_estimator=">=1.14.0rc0,<1.15.0rc0"),
    *_tensorflow("1.15", gast="==0.2.2", numpy=">=1.16.0,<2.0", tensorboard=">=1.15.0,<1.16.0"),
    *_tensorflow("2.3", numpy=">=1.16.0,<1.19.0", tensorflow_estimator=">=2.3.0,<2.4.0", tensorboard=">=2.3.0,<3"),
    *_tensorflow("2.3", gast="==0.3.3", h5py=">=2.10.0,<2.11.0"),
    *_tensorflow("2.4", numpy="~=1.19.2", tensorflow_estimator=">=2.4.0,<2.5.0", gast="==0.3.3", h5py="~=2.10.0"),
    *_tensorflow("2.5", numpy="~=1.19.2", tensorflow_estimator=">=2.5.0rc0,<2.6.0", gast="==0.4.0", h5py="~=3.1.0"),
    *_tensorflow("2.6", numpy="~=1.19.2", h5py="~=3.1.0", gast="==0.4.0"),
    *_tensorflow("2.7", numpy=">=1.14.5", keras=">=2.7.0rc0,<2.8"),
    *_tensorflow("2.8", numpy=">=1.20", keras=">=2.8.0rc0,<2.9"),
    *_tensorflow("2.9", numpy=">=1.20", keras=">=2.9.0rc0,<2.10.0", protobuf=">=3.9.2,<3.20"),
    *_tensorflow("2.10", numpy=">=1.20", keras=">=2.10.0,<2.11", protobuf=">=3.9.2,<3.20", tensorboard=">=2.10,<2.11"),
    *_tensorflow("2.11", numpy=">=1.20", keras=">=2.11.0,<2.12", protobuf=">=3.9.2,<3.20", tensorboard=">=2.11,<2.12"),
    *_tensorflow("2.12", numpy=">=1.22,<1.24", keras=">=2.12.0,<2.13", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.13", numpy=">=1.22,<=1.24.3", keras=">=2.13.1,<2.14", protobuf=">=3.20.3,<5.0.0", typing_extensions="<4.6.0"),
    *_tensorflow("2.14", numpy=">=1.23.5", keras=">=2.14.0,<2.15", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.15", numpy=">=1.23.5,<2.0.0", keras=">=2.15.0,<2.16", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.16", numpy=">=1.23.5,<2.0.0", keras=">=3.0.0", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.17", numpy=">=1.23.5,<2.0.0", keras=">=3.2.0", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.18", numpy=">=1.26.0,<2.1.0", keras=">=3.5.0", protobuf=">=3.20.3,<6.0.0"),
    *_tensorflow("2.19", numpy=">=1.26.0,<2.2.0", keras=">=3.5.0", protobuf=">=3.20.3,<6.0.0"),
    Need("scipy", "==1.7.*", "numpy", ">=1.16.5,<1.23.0"),
    Need("scipy", "==1.8.*", "numpy", ">=1.17.3,<1.25.0"),
    Need("scipy", "==1.9.*", "numpy", ">=1.18.5,<1.26.0"),
    Need("scipy", "==1.10.*", "numpy", ">=1.19.5,<1.27.0"),
    Need("scipy", "==1.11.*", "numpy", ">=1.21.6,<1.28.0"),
    Need("scipy", "==1.12.*", "numpy", ">=1.22.4,<1.29.0"),
    Need("scipy", "==1.13.*", "numpy", ">=1.22.4,<2.3"),
    Need("scipy", "==1.14.*", "numpy", ">=1.23.5,<2.3"),
    Need("pandas", ">=2.1.2,<2.2.2", "numpy", "<2"),
    Need("pandas", "<2.1", "numpy", "<2", _NUMPY_2),
    Need("pandas", ">=3.0,<4", "numpy", ">=1.26.0"),
    Need("scikit-learn", "<1.4.2", "numpy", "<2", _NUMPY_2),
    Need("matplotlib", "<3.8", "numpy", "<2", _NUMPY_2),
    Need("torch", "<2.2", "numpy", "<2", "https://github.com/pytorch/pytorch/issues/107302"),
    Need("numba", "==0.55.*", "numpy", ">=1.18,<1.23"),
    Need("numba", "==0.56.*", "numpy", ">=1.18,<1.24"),
    Need("numba", "==0.57.*", "numpy", ">=1.21,<1.25"),
    Need("numba", "==0.58.*", "numpy", ">=1.22,<1.27"),
    Need("numba", "==0.59.*", "numpy", ">=1.22,<1.27"),
    Need("numba", "==0.60.*", "numpy", ">=1.22,<2.1"),
    Need("finplot", ">=1.8.2,<1.9", "numpy", ">=1.22.3"),
    *(
        Need("torchvision", f"==0.{vision}.*", "torch", f"=={torch}.*")
        for vision, torch in (
            *((4, "1.2"), (6, "1.5"), (7, "1.6"), (8, "1.7"), (9, "1.8"), (10, "1.9"), (11, "1.10")),
            *((12, "1.11"), (13, "1.12"), (14, "1.13"), (15, "2.0"), (16, "2.1"), (17, "2.2"), (18, "2.3"), (19, "2.4")),
            *((20, "2.5"), (21, "2.6"), (22, "2.7"), (23, "2.8")),
        )
    ),
    *(
        Need("torchaudio", f"=={v}.*", "torch", f"=={v}.*")
        for v in ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8")
    ),
    Need("imbalanced-learn", ">=0.13,<0.14", "scikit-learn", ">=1.3.2"),
    Need("imbalanced-learn", ">=0.14,<0.15", "scikit-learn", ">=1.4.2"),
    Need("flask", "<2.3", "werkzeug", "<3", "https://werkzeug.palletsprojects.com/en/stable/changes/#version-3-0-0"),
    Need("numpy", "<1.21.2", "python", "<3.10"),
    Need("numpy", "<1.26", "python", "<3.12"),
    Need("numpy", ">=2.3,<3", "python", ">=3.11"),
    Need("pandas", ">=3.0,<4", "python", ">=3.11"),
    Need("scikit-learn", ">=1.7,<1.8", "python", ">=3.10"),
    Need("scikit-learn", ">=1.8,<2", "python", ">=3.11"),
    *_tensorflow("2.3", python="<3.9"),
    *_tensorflow("2.10", python="<3.11"),
    *_tensorflow("2.15", python="<3.12"),
    *_tensorflow("2.10", cudatoolkit="==11.*"),
    *_tensorflow("2.15", cuda="==12.*"),
)


def known_break(package: str, reference: Version, current: Version) -> Break | None:
    """The worst entry that applies to this difference."""
    step = step_of(reference, current)
    order = {"patch": 0, "minor": 1, "major": 2}
    hits = []
    for entry in BREAKS:
        if entry.package != package:
            continue
        if entry.boundary:
            edge = Version(entry.boundary)
            if (reference < edge) != (current < edge):
                hits.append(entry)
        elif order[step] >= {"any": 0, "minor": 1, "major": 2}[entry.step]:
            hits.append(entry)
    severities = (CRITICAL, WARNING, INFO)
    return min(hits, key=lambda e: severities.index(e.severity), default=None)


def step_of(reference: Version, current: Version) -> str:
    """The first part that differs: "major", "minor" or "patch"."""
    if reference.major != current.major or reference.epoch != current.epoch:
        return "major"
    return "minor" if reference.minor != current.minor else "patch"


def compatible(left: SpecifierSet, right: SpecifierSet) -> bool:
    """Some version satisfies both. Tried at every bound and just beside it, since a conflict can only begin there."""
    both = left & right
    return any(both.contains(version, prereleases=True) for version in _candidates(both))


def within(inner: SpecifierSet, outer: SpecifierSet) -> bool:
    """Every version that `inner` allows lies in `outer`; False for a range without bounds."""
    allowed = [v for v in _candidates(inner & outer) if inner.contains(v, prereleases=True)]
    return bool(len(inner)) and bool(allowed) and all(outer.contains(v, prereleases=True) for v in allowed)


def _candidates(specifiers: SpecifierSet) -> list[Version]:
    found = {Version("0"), Version("99999")}
    for specifier in specifiers:
        base = Version(specifier.version.removesuffix(".*"))
        release = [*base.release, 0, 0, 0][:3]
        found |= {base, Version(f"{base.public}.post1"), Version(f"{release[0]}.{release[1]}.{release[2] + 1}")}
        found |= {
            Version(f"{release[0]}.{release[1]}.99999"),
            Version(f"{release[0]}.{release[1] + 1}"),
            Version(f"{release[0]}.99999"),
        }
        found |= {Version(f"{release[0] + 1}.0"), Version(f"{release[0]}.{release[1]}.{release[2]}")}
        if release[2]:
            found.add(Version(f"{release[0]}.{release[1]}.{release[2] - 1}"))
        elif release[1]:
            found.add(Version(f"{release[0]}.{release[1] - 1}.99999"))
        elif release[0]:
            found.add(Version(f"{release[0] - 1}.99999"))
    return sorted(found)
