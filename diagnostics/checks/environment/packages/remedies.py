"""Remedies written for the files at hand: pinned requirements, a Dockerfile, and the script that converts the model to ONNX."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from diagnostics.checks.environment.packages.conflicts import conflicts_in
from diagnostics.checks.environment.packages.pins import Environment, Pin, python_of, read_environment
from diagnostics.checks.environment.packages.requirement import INSTALLERS, pin_of
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput

PYTHON: Final = "3.11"
"""For the Dockerfile when no file says which Python it was."""

TORCH_INDEX: Final = "https://download.pytorch.org/whl/"
_BUILD: Final = re.compile(r"cu\d{2,3}|cpu|rocm[\d.]{1,6}")
_SYSTEM_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{1,80}")


@dataclass(frozen=True)
class Remedy:
    """A small text file to take away. name: of the file; mime: its type."""

    name: str
    mime: str
    text: str


def remedies(incident: Incident) -> tuple[Remedy, ...]:
    """What can be written for the files of `incident`; empty without a list of packages that can be read."""
    sides = [_read(incident.environment.reference), _read(incident.environment.current)]
    given = [side for side in sides if side is not None]
    if not given or not any(side.pins for side in given):
        return ()
    reference = given[0]
    found = [
        Remedy("requirements.txt", "text/plain", pinned(reference, sides[1])),
        Remedy("Dockerfile", "text/plain", dockerfile(given)),
    ]
    script = conversion(reference.pins)
    return (*found, Remedy("convert_to_onnx.py", "text/x-python", script)) if script else tuple(found)


def _read(path: Path | None) -> Environment | None:
    if path is None:
        return None
    try:
        return read_environment(path)
    except (BadInput, OSError):
        return None


def pinned(reference: Environment, current: Environment | None) -> str:
    """Requirements for production: the versions that the model was made with, and what only production has, as it is.

    Every line is what `packaging` reads as one requirement; an invalid name is left out.
    """
    only = {n: p for n, p in current.pins.items() if n not in reference.pins} if current is not None else {}
    lines = ["# The versions that the model was made with. Install with: pip install -r requirements.txt"]
    builds = sorted({build for pin in reference.pins.values() if (build := _build(pin))})
    lines += [f"--extra-index-url {TORCH_INDEX}{build}" for build in builds]
    clashes = conflicts_in(reference)
    held = {n: _exact(p, current) for n, p in reference.pins.items() if n not in INSTALLERS}
    for clash in clashes:
        if clash.package in held and _holdable(clash.needs):
            # The version that is needed instead of the one that was asked for, so that the file installs.
            held[clash.package] = pin_of(clash.package, clash.needs)
    lines += lines_of(held)
    extra = list(lines_of({n: p for n, p in only.items() if n not in INSTALLERS}))
    if extra:
        lines += ["# Only production has these.", *extra]
    if clashes:
        lines += ["# These pins could not hold together; what is needed stands above:"]
        lines += [f"#   {c.needed_by} needs {c.package} {c.needs}, but {c.has} is asked for".replace("\n", " ") for c in clashes]
    return "\n".join(lines) + "\n"


def _holdable(needs: str) -> bool:
    try:
        return bool(len(SpecifierSet(needs)))
    except InvalidSpecifier:
        return False


def _exact(pin: Pin, current: Environment | None) -> Pin:
    """The pin of the reference; where it is a range, the version of production if that lies in it."""
    other = current.pins.get(pin.name) if current is not None else None
    if pin.version is None and other is not None and other.version is not None and pin.asked.contains(other.version):
        return other
    return pin


def lines_of(pins: Mapping[str, Pin]) -> Iterator[str]:
    for name, pin in sorted(pins.items()):
        line = f"{name}=={pin.version}" if pin.version else f"{name}{pin.asked}"
        try:
            if Requirement(line).name == name and "\n" not in line:
                yield line
        except InvalidRequirement:
            continue


def _build(pin: Pin) -> str | None:
    """The build of a wheel of PyTorch, such as cu121; its wheels lie on an index of their own."""
    local = pin.version.local if pin.version and pin.name.startswith("torch") else None
    return local if local and _BUILD.fullmatch(local) else None


def dockerfile(given: list[Environment]) -> str:
    """An image with the Python and the packages of the reference, the first of `given`."""
    python = next((version for side in given if (version := _python(side))), None)
    # The image is Debian's: names of other systems, such as Alpine's, mean nothing there.
    named = {n for side in given if side.libc != "musl" for n in side.system if _SYSTEM_NAME.fullmatch(n)} - _NO_PACKAGES
    pins = given[0].pins.keys()
    system = sorted(named | {library for package, libraries in LIBRARIES.items() if package in pins for library in libraries})
    lines = []
    if python is None:
        lines += [f"# No file says which Python the model was made with; {PYTHON} is assumed."]
    lines += [f"FROM python:{python or PYTHON}-slim", "ENV PYTHONUNBUFFERED=1"]
    if system:
        packages = " ".join(system)
        lines += [f"RUN apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*"]
    lines += [
        "WORKDIR /app",
        "COPY requirements.txt .",
        "RUN pip install --no-cache-dir -r requirements.txt",
        "RUN pip check",
        "COPY . .",
        "RUN useradd --create-home service",
        "USER service",
        "# The service is taken to stand in app.py, as app; name its own file where it is another.",
        *_started(pins),
    ]
    return "\n".join(lines) + "\n"


LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "lightgbm": ("libgomp1",),
    "xgboost": ("libgomp1",),
    "catboost": ("libgomp1",),
    "opencv-python": ("libgl1", "libglib2.0-0"),
    "soundfile": ("libsndfile1",),
    "librosa": ("libsndfile1", "ffmpeg"),
    "weasyprint": ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
    "pytesseract": ("tesseract-ocr",),
    "psycopg2": ("libpq-dev", "gcc"),
    "mysqlclient": ("default-libmysqlclient-dev", "gcc", "pkg-config"),
    "pyodbc": ("unixodbc",),
    "pdf2image": ("poppler-utils",),
    "graphviz": ("graphviz",),
    "pyspark": ("default-jre-headless",),
}
"""What a package needs of the operating system that the slim image lacks, by the names of Debian."""

_NO_PACKAGES: Final = frozenset(("cuda", "cudnn", "libc"))
_SERVERS: Final = (
    ("streamlit", '["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8000"]'),
    ("uvicorn", '["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]'),
    ("gunicorn", '["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]'),
    ("flask", '["flask", "--app", "app", "run", "--host", "0.0.0.0", "--port", "8000"]'),
)


def _started(pins: Collection[str]) -> list[str]:
    """How the service is started, by the server among the packages."""
    found = next((command for package, command in _SERVERS if package in pins), None)
    return ["EXPOSE 8000", f"CMD {found}"] if found else ['CMD ["python", "app.py"]']


def _python(environment: Environment) -> str | None:
    """The tag of the image: "3.11" for 3.11, 3.11.4 and >=3.11."""
    pin = python_of(environment)
    if pin is None:
        return None
    version = pin.version
    if version is None:
        found = re.search(r"(?:>=|~=|==)\s*(\d+)\.(\d+)", str(pin.asked))
        return f"{found[1]}.{found[2]}" if found else None
    return f"{version.major}.{version.minor}" if len(version.release) > 1 else None


_HEAD: Final = '''"""Writes the model as ONNX, which no longer depends on the versions of Python and its libraries.

Run it where the model loads today: in the environment that it was made in.
"""

'''
_ROWS: Final = """rows = pd.read_csv("reference.csv").head(100)  # a few rows with exactly the columns that the model takes
"""
_CHECK: Final = """
answers = onnxruntime.InferenceSession("model.onnx").run(None, {NAME: SAMPLE})[0]
print("largest difference:", np.abs(np.asarray(answers).ravel() - np.asarray(EXPECTED).ravel()).max())
"""
_CHECK_LABELS: Final = """
expected = np.asarray(model.predict(sample)).ravel()
answers = onnxruntime.InferenceSession("model.onnx").run(None, {converted.graph.input[0].name: sample})[0].ravel()
if np.issubdtype(expected.dtype, np.number):
    print("largest difference:", np.abs(answers - expected).max())
else:
    print("share of equal answers:", np.mean(answers == expected))
"""
# Scripts to download: their owner runs them on their own file. Nothing here loads a model or executes them.
# Text to download: the owner of the model runs it where the model was trained. No upload is ever loaded here.
_SCRIPTS: Final = {
    "scikit-learn": (
        "import joblib\nimport numpy as np\nimport onnxruntime\nimport pandas as pd\nimport skl2onnx\n\n"
        + _ROWS
        + 'sample = rows.to_numpy("float32")  # for columns of text, give skl2onnx the frame itself as initial types\n'
        + 'model = joblib.load("model.pkl")\n'
        + "converted = skl2onnx.to_onnx(model, sample[:1])\n"
        + 'with open("model.onnx", "wb") as file:\n    file.write(converted.SerializeToString())\n'
        + _CHECK_LABELS
    ),
    "xgboost": (
        "import numpy as np\nimport onnxruntime\nimport pandas as pd\nimport xgboost\n"
        + "from onnxmltools import convert_xgboost\nfrom onnxmltools.convert.common.data_types import FloatTensorType\n\n"
        + _ROWS
        + 'sample = rows.to_numpy("float32")\nmodel = xgboost.Booster(model_file="model.json")\n'
        + 'converted = convert_xgboost(model, initial_types=[("x", FloatTensorType([None, sample.shape[1]]))])\n'
        + 'with open("model.onnx", "wb") as file:\n    file.write(converted.SerializeToString())\n'
        + _CHECK.replace("NAME", '"x"').replace("SAMPLE", "sample").replace("EXPECTED", "model.inplace_predict(sample)")
    ),
    "lightgbm": (
        "import lightgbm\nimport numpy as np\nimport onnxruntime\nimport pandas as pd\n"
        + "from onnxmltools import convert_lightgbm\nfrom onnxmltools.convert.common.data_types import FloatTensorType\n\n"
        + _ROWS
        + 'sample = rows.to_numpy("float32")\nmodel = lightgbm.Booster(model_file="model.txt")\n'
        + 'converted = convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, sample.shape[1]]))])\n'
        + 'with open("model.onnx", "wb") as file:\n    file.write(converted.SerializeToString())\n'
        + _CHECK.replace("NAME", '"x"').replace("SAMPLE", "sample").replace("EXPECTED", "model.predict(sample)")
    ),
    "torch": (
        "import numpy as np\nimport onnxruntime\nimport pandas as pd\nimport torch\n\n"
        + _ROWS
        + 'sample = torch.tensor(rows.to_numpy("float32"))\nmodel = torch.jit.load("model.pt").eval()\n'
        + 'torch.onnx.export(model, (sample,), "model.onnx", input_names=["x"], dynamic_axes={"x": {0: "rows"}})\n'
        + _CHECK.replace("NAME", '"x"').replace("SAMPLE", "sample.numpy()").replace("EXPECTED", "model(sample).detach().numpy()")
    ),
    "tensorflow": (
        "import numpy as np\nimport onnxruntime\nimport pandas as pd\nimport tensorflow as tf\nimport tf2onnx\n\n"
        + _ROWS
        + 'sample = rows.to_numpy("float32")\nmodel = tf.keras.models.load_model("model.keras")\n'
        + 'signature = (tf.TensorSpec((None, sample.shape[1]), tf.float32, name="x"),)\n'
        + 'tf2onnx.convert.from_keras(model, input_signature=signature, output_path="model.onnx")\n'
        + _CHECK.replace("NAME", '"x"').replace("SAMPLE", "sample").replace("EXPECTED", "model.predict(sample)")
    ),
}
_PREFERRED: Final = ("xgboost", "lightgbm", "tensorflow", "torch", "scikit-learn")
"""scikit-learn comes last, since most environments have it beside what made the model."""


def conversion(pins: Mapping[str, Pin], *, library: str | None = None) -> str:
    """The script for the library that most likely made the model, or for `library`; "" when none is known."""
    chosen = library or next((name for name in _PREFERRED if name in pins), None)
    return _HEAD + _SCRIPTS[chosen] if chosen in _SCRIPTS else ""
