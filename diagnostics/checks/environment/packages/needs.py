"""Which versions cannot stand together: what packages need of each other, as their own metadata say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from packaging.specifiers import SpecifierSet

_METADATA: Final = "Requires-Dist in the package's own metadata on PyPI"
_NUMPY_2: Final = "https://numpy.org/doc/stable/numpy_2_0_migration_guide.html"


@dataclass(frozen=True)
class Need:
    """`package` in `versions` needs `other` within `needs`."""

    package: str
    versions: SpecifierSet
    other: str
    needs: SpecifierSet
    source: str = _METADATA


def _need(package: str, versions: str, other: str, needs: str, source: str = _METADATA) -> Need:
    return Need(package, SpecifierSet(versions), other, SpecifierSet(needs), source)


def _tensorflow(version: str, **needs: str) -> tuple[Need, ...]:
    return tuple(_need("tensorflow", f"=={version}.*", other.replace("_", "-"), spec) for other, spec in needs.items())


_TENSORFLOW: Final = (
    *_tensorflow("1.14", numpy=">=1.14.5,<2.0", tensorboard=">=1.14.0,<1.15.0", tensorflow_estimator=">=1.14.0rc0,<1.15.0rc0"),
    *_tensorflow("1.15", gast="==0.2.2", numpy=">=1.16.0,<2.0", tensorboard=">=1.15.0,<1.16.0"),
    *_tensorflow("2.0", gast="==0.2.2", tensorboard=">=2.0.0,<2.1.0", tensorflow_estimator=">=2.0.0,<2.1.0"),
    *_tensorflow("2.1", gast="==0.2.2", tensorboard=">=2.1.0,<2.2.0", tensorflow_estimator=">=2.1.0rc0,<2.2.0"),
    *_tensorflow("2.2", gast="==0.3.3", tensorboard=">=2.2.0,<2.3.0", tensorflow_estimator=">=2.2.0,<2.3.0"),
    *_tensorflow("2.3", numpy=">=1.16.0,<1.19.0", tensorflow_estimator=">=2.3.0,<2.4.0", tensorboard=">=2.3.0,<3"),
    *_tensorflow("2.3", gast="==0.3.3", h5py=">=2.10.0,<2.11.0"),
    *_tensorflow("2.4", numpy="~=1.19.2", tensorflow_estimator=">=2.4.0rc0,<2.5.0", gast="==0.3.3", h5py="~=2.10.0"),
    *_tensorflow("2.5", numpy="~=1.19.2", tensorflow_estimator=">=2.5.0rc0,<2.6.0", gast="==0.4.0", h5py="~=3.1.0"),
    *_tensorflow("2.6", numpy="~=1.19.2", h5py="~=3.1.0", gast="==0.4.0"),
    *_tensorflow("2.7", numpy=">=1.14.5", keras=">=2.7.0rc0,<2.8"),
    *_tensorflow("2.8", numpy=">=1.20", keras=">=2.8.0rc0,<2.9"),
    *_tensorflow("2.9", numpy=">=1.20", keras=">=2.9.0rc0,<2.10.0", protobuf=">=3.9.2,<3.20", gast="<=0.4.0"),
    *_tensorflow("2.10", numpy=">=1.20", keras=">=2.10.0,<2.11", protobuf=">=3.9.2,<3.20", tensorboard=">=2.10,<2.11"),
    *_tensorflow("2.11", numpy=">=1.20", keras=">=2.11.0,<2.12", protobuf=">=3.9.2,<3.20", tensorboard=">=2.11,<2.12"),
    *_tensorflow("2.12", numpy=">=1.22,<1.24", keras=">=2.12.0,<2.13", protobuf=">=3.20.3,<5.0.0", gast="<=0.4.0"),
    *_tensorflow("2.13", numpy=">=1.22,<=1.24.3", keras=">=2.13.1,<2.14", protobuf=">=3.20.3,<5.0.0", typing_extensions="<4.6.0"),
    *_tensorflow("2.14", numpy=">=1.23.5", keras=">=2.14.0,<2.15", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.15", numpy=">=1.23.5,<2.0.0", keras=">=2.15.0,<2.16", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.16", numpy=">=1.23.5,<2.0.0", keras=">=3.0.0", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.17", numpy=">=1.23.5,<2.0.0", keras=">=3.2.0", protobuf=">=3.20.3,<5.0.0"),
    *_tensorflow("2.18", numpy=">=1.26.0,<2.1.0", keras=">=3.5.0", protobuf=">=3.20.3,<6.0.0"),
    *_tensorflow("2.19", numpy=">=1.26.0,<2.2.0", keras=">=3.5.0", protobuf=">=3.20.3,<6.0.0"),
    *_tensorflow("2.3", python="<3.9"),
    *_tensorflow("2.10", python="<3.11"),
    *_tensorflow("2.15", python="<3.12"),
)
# Builds for the GPU, as TensorFlow's table of tested builds has them.
_BUILDS: Final = tuple(
    _need("tensorflow", f"=={version}.*", cuda, f"=={major}.*", "https://www.tensorflow.org/install/source#gpu")
    for version, major in (
        ("1.15", 10),
        ("2.3", 10),
        ("2.4", 11),
        ("2.8", 11),
        ("2.10", 11),
        ("2.12", 11),
        ("2.14", 11),
        ("2.15", 12),
    )
    for cuda in ("cuda", "cudatoolkit")
)
_TORCH: Final = (
    *((2, "1.0"), (4, "1.2"), (5, "1.4"), (6, "1.5"), (7, "1.6"), (8, "1.7"), (9, "1.8"), (10, "1.9"), (11, "1.10")),
    *((12, "1.11"), (13, "1.12"), (14, "1.13"), (15, "2.0"), (16, "2.1"), (17, "2.2"), (18, "2.3"), (19, "2.4")),
    *((20, "2.5"), (21, "2.6"), (22, "2.7"), (23, "2.8")),
)
_TEXTS: Final = (
    (9, "1.8"),
    (10, "1.9"),
    (11, "1.10"),
    (12, "1.11"),
    (13, "1.12"),
    (14, "1.13"),
    (15, "2.0"),
    (16, "2.1"),
    (17, "2.2"),
    (18, "2.3"),
)
_AUDIOS: Final = (*((n, f"1.{n}") for n in range(7, 14)),)
_LLVMLITE: Final = ((53, 36), (54, 37), (55, 38), (56, 39), (57, 40), (58, 41), (59, 42), (60, 43))
_WEB: Final = (
    *(_need("requests", v, "urllib3", "<1.26") for v in ("==2.22.*", "==2.23.*", "==2.24.*")),
    *(_need("requests", v, "urllib3", "<1.27") for v in ("==2.25.*", "==2.26.*", "==2.27.*", "==2.28.*")),
    *(_need("requests", v, "idna", "<3") for v in ("==2.23.*", "==2.24.*", "==2.25.*")),
    *(_need("requests", v, "chardet", "<4") for v in ("==2.23.*", "==2.24.*")),
    *(_need("boto3", f"==1.{n}.*", "botocore", f"==1.{n + 3}.*") for n in range(9, 30)),
    *(_need("boto3", f"==1.{n}.*", "botocore", f"==1.{n}.*") for n in range(33, 41)),
    _need("botocore", ">=1.20,<1.31", "urllib3", "<1.27"),
    _need("fastapi", ">=0.95.1,<0.96", "starlette", ">=0.26.1,<0.27"),
    _need("fastapi", ">=0.100,<0.107", "starlette", ">=0.27,<0.28"),
    _need("fastapi", "<0.100", "pydantic", "<2"),
    _need("spacy", ">=3.0,<3.6", "pydantic", "<2"),
    _need("flask", "<2.3", "werkzeug", "<3", "https://werkzeug.palletsprojects.com/en/stable/changes/#version-3-0-0"),
    _need("jinja2", "<3", "markupsafe", "<2.1", "https://github.com/pallets/markupsafe/issues/284"),
    _need("black", "<22.3", "click", "<8.1", "https://github.com/psf/black/issues/2964"),
    _need("streamlit", "<1.22", "altair", "<5", "https://github.com/streamlit/streamlit/issues/6611"),
)
_LANGUAGE: Final = (
    *(_need("transformers", f"==4.{n}.*", "tokenizers", ">=0.11.1,<0.14") for n in range(24, 34)),
    *(_need("transformers", f"==4.{n}.*", "tokenizers", ">=0.14,<0.19") for n in range(36, 40)),
    *(_need("transformers", f"==4.{n}.*", "tokenizers", ">=0.19,<0.20") for n in range(40, 45)),
    *(_need("transformers", f"==4.{n}.*", "tokenizers", ">=0.21,<0.22") for n in range(48, 54)),
)
NEEDS: Final = (
    *_TENSORFLOW,
    *_BUILDS,
    *_WEB,
    *_LANGUAGE,
    _need("tensorflow", "<2.4", "h5py", "<3", "https://github.com/tensorflow/tensorflow/issues/44467"),
    _need("tensorflow", "<2.9", "protobuf", "<4", "https://protobuf.dev/news/2022-05-06/"),
    _need("tensorboard", ">=2.9,<2.11", "protobuf", ">=3.9.2,<3.20"),
    *(_need("torchtext", f"==0.{text}.*", "torch", f"=={torch}.*") for text, torch in _TEXTS),
    *(_need("torchaudio", f"==0.{audio}.*", "torch", f"=={torch}.*") for audio, torch in _AUDIOS),
    *(_need("numba", f"==0.{n}.*", "llvmlite", f"==0.{llvm}.*") for n, llvm in _LLVMLITE),
    *(
        _need("pyspark", v, "py4j", f"=={j}")
        for v, j in (("==3.1.*", "0.10.9"), ("==3.3.*", "0.10.9.5"), ("==3.5.*", "0.10.9.7"))
    ),
    _need("numba", "==0.54.*", "numpy", ">=1.17,<1.21"),
    _need("onnx", "==1.13.*", "protobuf", ">=3.20.2,<4"),
    _need("mlflow", ">=2,<2.13", "numpy", "<2"),
    _need("mlflow", ">=2,<3", "pandas", "<3"),
    *(_need("torchvision", f"==0.{vision}.*", "torch", f"=={torch}.*") for vision, torch in _TORCH),
    *(
        _need("torchaudio", f"=={v}.*", "torch", f"=={v}.*")
        for v in ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8")
    ),
    _need("scipy", "==1.7.*", "numpy", ">=1.16.5,<1.23.0"),
    _need("scipy", "==1.8.*", "numpy", ">=1.17.3,<1.25.0"),
    _need("scipy", "==1.9.*", "numpy", ">=1.18.5,<1.26.0"),
    _need("scipy", "==1.10.*", "numpy", ">=1.19.5,<1.27.0"),
    _need("scipy", "==1.11.*", "numpy", ">=1.21.6,<1.28.0"),
    _need("scipy", "==1.12.*", "numpy", ">=1.22.4,<1.29.0"),
    _need("scipy", "==1.13.*", "numpy", ">=1.22.4,<2.3"),
    _need("scipy", "==1.14.*", "numpy", ">=1.23.5,<2.3"),
    _need("numba", "==0.55.*", "numpy", ">=1.18,<1.23"),
    _need("numba", "==0.56.*", "numpy", ">=1.18,<1.24"),
    _need("numba", "==0.57.*", "numpy", ">=1.21,<1.25"),
    _need("numba", "==0.58.*", "numpy", ">=1.22,<1.27"),
    _need("numba", "==0.59.*", "numpy", ">=1.22,<1.27"),
    _need("numba", "==0.60.*", "numpy", ">=1.22,<2.1"),
    _need("scikit-learn", "<1.4.2", "numpy", "<2", _NUMPY_2),
    _need("pandas", "<2.2.2", "numpy", "<2", _NUMPY_2),
    _need("pandas", ">=3.0,<4", "numpy", ">=1.26.0"),
    _need("matplotlib", "<3.8", "numpy", "<2", _NUMPY_2),
    _need("torch", "<2.2", "numpy", "<2", "https://github.com/pytorch/pytorch/issues/107302"),
    _need("imbalanced-learn", "<0.13", "scikit-learn", "<1.6", "https://imbalanced-learn.org/stable/whats_new/v0.13.html"),
    _need("xgboost", "<2.1.4", "scikit-learn", "<1.6", "https://github.com/dmlc/xgboost/releases/tag/v2.1.4"),
    _need("openai", ">=1,<1.55.3", "httpx", "<0.28", "https://github.com/openai/openai-python/releases/tag/v1.55.3"),
    _need(
        "sentence-transformers",
        "<2.3",
        "huggingface-hub",
        "<0.26",
        "https://github.com/huggingface/huggingface_hub/releases/tag/v0.26.0",
    ),
    _need("finplot", ">=1.8.2,<1.9", "numpy", ">=1.22.3"),
    _need("imbalanced-learn", "==0.13.*", "scikit-learn", ">=1.3.2,<2"),
    _need("imbalanced-learn", "==0.14.*", "scikit-learn", ">=1.4.2,<2"),
    _need("onnx", "==1.12.*", "protobuf", ">=3.12.2,<=3.20.1"),
    _need("pandas", "<2", "sqlalchemy", "<2", "https://pandas.pydata.org/docs/whatsnew/v2.0.0.html"),
    _need("numpy", "<1.21.2", "python", "<3.10"),
    _need("numpy", "<1.26", "python", "<3.12", "https://numpy.org/doc/stable/release/1.26.0-notes.html"),
    _need("numpy", ">=2.3,<3", "python", ">=3.11"),
    _need("pandas", ">=3.0,<4", "python", ">=3.11"),
    _need("scikit-learn", "==1.7.*", "python", ">=3.10"),
    _need("scikit-learn", ">=1.8,<2", "python", ">=3.11"),
)
