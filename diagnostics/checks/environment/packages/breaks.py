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

_MODEL_OF_SPACY: Final = N_("The model was made for another minor version of spaCy; it has to fit the one that is installed.")

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
    Break(
        "scikit-learn",
        "",
        CRITICAL,
        N_("scikit-learn 1.6 asks estimators for their tags another way: estimators written for earlier versions fail."),
        "https://scikit-learn.org/stable/whats_new/v1.6.html",
        "1.6",
    ),
    Break(
        "scikit-learn",
        "",
        CRITICAL,
        N_("scikit-learn 1.2 removed what was deprecated, load_boston among it; saved models are refused or change."),
        "https://scikit-learn.org/stable/whats_new/v1.2.html",
        "1.2",
    ),
    Break(
        "numpy",
        "",
        CRITICAL,
        N_("NumPy 1.24 removed the names np.bool, np.int, np.float and np.object: code and older packages that use them fail."),
        "https://numpy.org/doc/stable/release/1.24.0-notes.html",
        "1.24",
    ),
    Break(
        "httpx",
        "",
        CRITICAL,
        N_("httpx 0.28 removed the argument proxies, which older clients such as openai before 1.55.3 still pass."),
        "https://github.com/encode/httpx/blob/master/CHANGELOG.md",
        "0.28",
    ),
    Break(
        "huggingface-hub",
        "",
        CRITICAL,
        N_("huggingface-hub 0.26 removed cached_download, which older sentence-transformers and diffusers import."),
        "https://github.com/huggingface/huggingface_hub/releases/tag/v0.26.0",
        "0.26",
    ),
    Break(
        "gensim",
        "",
        CRITICAL,
        N_("gensim 4 renamed arguments and attributes: size, iter and wv.vocab are gone."),
        "https://github.com/piskvorky/gensim/wiki/Migrating-from-Gensim-3.x-to-4",
        "4.0",
    ),
    Break(
        "werkzeug",
        "",
        CRITICAL,
        N_("Werkzeug 3 removed url_quote and others that Flask before 2.3 imports."),
        "https://werkzeug.palletsprojects.com/en/stable/changes/#version-3-0-0",
        "3.0",
    ),
    Break(
        "flask",
        "",
        WARNING,
        N_("Flask 2.3 removed before_first_request and other things that were deprecated."),
        "https://flask.palletsprojects.com/en/stable/changes/#version-2-3-0",
        "2.3",
    ),
    Break(
        "jinja2",
        "",
        CRITICAL,
        N_("Jinja 3.1 removed contextfilter and Markup, which Flask 1 imports."),
        "https://jinja.palletsprojects.com/en/stable/changes/#version-3-1-0",
        "3.1",
    ),
    Break(
        "markupsafe",
        "",
        CRITICAL,
        N_("MarkupSafe 2.1 removed soft_unicode, which Jinja 2 imports."),
        "https://markupsafe.palletsprojects.com/en/stable/changes/#version-2-1-0",
        "2.1",
    ),
    Break(
        "itsdangerous",
        "",
        CRITICAL,
        N_("itsdangerous 2.1 removed its json module, which Flask 1 imports."),
        "https://itsdangerous.palletsprojects.com/en/stable/changes/#version-2-1-0",
        "2.1",
    ),
    Break(
        "sqlalchemy",
        "",
        CRITICAL,
        N_("SQLAlchemy 2 removed running text without text() and the old ways to query; pandas before 2 does not work with it."),
        "https://docs.sqlalchemy.org/en/20/changelog/migration_20.html",
        "2.0",
    ),
    Break(
        "scipy",
        "",
        WARNING,
        N_("SciPy 1.14 removed interp2d and the old names of simpson and trapezoid."),
        "https://docs.scipy.org/doc/scipy/release/1.14.0-notes.html",
        "1.14",
    ),
    Break(
        "setuptools",
        "",
        CRITICAL,
        N_("setuptools 82 no longer brings pkg_resources, which older packages import."),
        "https://setuptools.pypa.io/en/latest/history.html",
        "82",
    ),
    Break(
        "marshmallow",
        "",
        WARNING,
        N_("marshmallow 4 removed what was deprecated, such as its version attributes."),
        "https://marshmallow.readthedocs.io/en/latest/upgrading.html",
        "4.0",
    ),
    Break(
        "marshmallow",
        "",
        CRITICAL,
        N_("marshmallow 3 returns the data itself and raises errors, where 2 returned both."),
        "https://marshmallow.readthedocs.io/en/latest/upgrading.html",
        "3.0",
    ),
    Break(
        "pytorch-lightning",
        "",
        CRITICAL,
        N_("Lightning 2 removed arguments of the Trainer and hooks that were deprecated."),
        "https://lightning.ai/docs/pytorch/stable/upgrade/migration_guide.html",
        "2.0",
    ),
    Break(
        "lightning",
        "",
        CRITICAL,
        N_("Lightning 2 removed arguments of the Trainer and hooks that were deprecated."),
        "https://lightning.ai/docs/pytorch/stable/upgrade/migration_guide.html",
        "2.0",
    ),
    Break(
        "pyyaml",
        "",
        WARNING,
        N_("PyYAML 6 requires a Loader in yaml.load."),
        "https://github.com/yaml/pyyaml/blob/main/CHANGES",
        "6.0",
    ),
    Break(
        "urllib3",
        "",
        WARNING,
        N_("urllib3 2 asks for TLS 1.2 and removed names that older clients import."),
        "https://urllib3.readthedocs.io/en/stable/v2-migration-guide.html",
        "2.0",
    ),
    Break(
        "openai",
        "",
        CRITICAL,
        N_("openai 1 replaced the module's functions such as ChatCompletion.create by a client."),
        "https://github.com/openai/openai-python/discussions/742",
        "1.0",
    ),
    Break(
        "pillow",
        "",
        CRITICAL,
        N_("Pillow 10 removed constants such as Image.ANTIALIAS."),
        "https://pillow.readthedocs.io/en/stable/releasenotes/10.0.0.html",
        "10.0",
    ),
    Break(
        "networkx",
        "",
        WARNING,
        N_("NetworkX 3 removed reading and writing of pickled graphs and other functions."),
        "https://networkx.org/documentation/stable/release/release_3.0.html",
        "3.0",
    ),
    Break(
        "matplotlib",
        "",
        WARNING,
        N_("Matplotlib 3.9 removed cm.get_cmap."),
        "https://matplotlib.org/stable/api/prev_api_changes/api_changes_3.9.0.html",
        "3.9",
    ),
    Break(
        "polars",
        "",
        WARNING,
        N_("Polars 1 changed defaults and renamed functions."),
        "https://docs.pola.rs/releases/upgrade/1/",
        "1.0",
    ),
    Break(
        "pyspark",
        "",
        CRITICAL,
        N_("Spark 4 runs SQL in ANSI mode: what overflowed or did not parse became null before and is an error now."),
        "https://spark.apache.org/docs/latest/sql-migration-guide.html",
        "4.0",
    ),
    Break(
        "celery",
        "",
        WARNING,
        N_("Celery 5 changed its command line."),
        "https://docs.celeryq.dev/en/stable/history/whatsnew-5.0.html",
        "5.0",
    ),
    Break(
        "chromadb",
        "",
        CRITICAL,
        N_("Chroma 0.4 stores its data another way; what an earlier version wrote has to be migrated."),
        "https://docs.trychroma.com/docs/overview/migration",
        "0.4",
    ),
    Break(
        "langchain",
        "",
        WARNING,
        N_("LangChain 1 moved the older chains and agents to another package."),
        "https://docs.langchain.com/oss/python/migrate/langchain-v1",
        "1.0",
    ),
    Break(
        "tensorflow",
        "",
        CRITICAL,
        N_("TensorFlow 2 runs eagerly and removed sessions, placeholders and contrib."),
        "https://www.tensorflow.org/guide/migrate",
        "2.0",
    ),
    Break(
        "h5py",
        "",
        CRITICAL,
        N_("h5py 3 reads strings as bytes; Keras before TensorFlow 2.4 fails to load its models."),
        "https://docs.h5py.org/en/stable/whatsnew/3.0.html",
        "3.0",
    ),
    Break(
        "pandas",
        "",
        CRITICAL,
        N_("pandas 2 removed append, iteritems and other methods, and keeps the unit of times."),
        "https://pandas.pydata.org/docs/whatsnew/v2.0.0.html",
        "2.0",
    ),
    Break(
        "lightgbm",
        "",
        CRITICAL,
        N_("LightGBM 4 removed early_stopping_rounds and verbose from fit; they are callbacks now."),
        "https://github.com/microsoft/LightGBM/releases/tag/v4.0.0",
        "4.0",
    ),
    Break(
        "pymongo",
        "",
        CRITICAL,
        N_("PyMongo 4 removed methods such as count and insert."),
        "https://pymongo.readthedocs.io/en/stable/migrate-to-pymongo4.html",
        "4.0",
    ),
    Break(
        "elasticsearch",
        "",
        CRITICAL,
        N_("The client of Elasticsearch 8 asks for other arguments and refuses other servers."),
        "https://www.elastic.co/guide/en/elasticsearch/client/python-api/current/migration.html",
        "8.0",
    ),
    Break(
        "torch",
        "",
        CRITICAL,
        N_("Since torch 1.6, files are saved in a format that earlier versions cannot read."),
        "https://docs.pytorch.org/docs/stable/generated/torch.save.html",
        "1.6",
    ),
    Break(
        "plotly",
        "",
        WARNING,
        N_("Plotly 6 writes arrays another way and removed old kinds of traces."),
        "https://plotly.com/python/v6-migration/",
        "6.0",
    ),
    Break(
        "dash",
        "",
        WARNING,
        N_("Dash 3 removed what was deprecated, such as run_server."),
        "https://dash.plotly.com/migration",
        "3.0",
    ),
    Break(
        "nltk",
        "",
        CRITICAL,
        N_("NLTK 3.9 reads its data as tables (punkt_tab) instead of pickles: data downloaded before is not found."),
        "https://github.com/nltk/nltk/issues/3293",
        "3.9",
    ),
    Break(
        "importlib-metadata",
        "",
        CRITICAL,
        N_("importlib-metadata 5 removed the dictionary of entry points, which older packages such as Celery 5.2 use."),
        "https://importlib-metadata.readthedocs.io/en/latest/history.html",
        "5.0",
    ),
    Break(
        "cython",
        "",
        WARNING,
        N_("Cython 3 compiles with other defaults; older packages fail to build with it."),
        "https://cython.readthedocs.io/en/latest/src/userguide/migrating_to_cy30.html",
        "3.0",
    ),
    Break(
        "spacy",
        "minor",
        CRITICAL,
        N_("A model of spaCy is made for one minor version and warns, fails or answers differently in another."),
        "https://spacy.io/usage/models",
    ),
    Break(
        "jax",
        "minor",
        WARNING,
        N_("jax and jaxlib have to fit each other; before 1.0 a minor version may break what ran."),
        "https://docs.jax.dev/en/latest/jep/9419-jax-versioning.html",
    ),
    Break(
        "jaxlib",
        "minor",
        WARNING,
        N_("jax and jaxlib have to fit each other; before 1.0 a minor version may break what ran."),
        "https://docs.jax.dev/en/latest/jep/9419-jax-versioning.html",
    ),
    Break(
        "onnx",
        "minor",
        WARNING,
        N_("A later onnx writes a later opset and file version, which an earlier onnxruntime refuses."),
        "https://onnxruntime.ai/docs/reference/compatibility.html",
    ),
    Break(
        "mlflow",
        "major",
        WARNING,
        N_("MLflow 3 changed how models are logged and found."),
        "https://mlflow.org/docs/latest/genai/mlflow-3/",
    ),
    *(
        Break(name, "minor", CRITICAL, _MODEL_OF_SPACY, "https://spacy.io/usage/models")
        for name in ("en-core-web-sm", "en-core-web-md", "en-core-web-lg", "en-core-web-trf", "de-core-news-sm", "zh-core-web-sm")
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
