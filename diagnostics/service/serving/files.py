"""Files that start a server for this very model: its inputs, types and sizes are written in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.nouns.words import N_
from diagnostics.sandbox.facts import Facts, Tensor


class Target(StrEnum):
    """A server to move to."""

    GUNICORN = "gunicorn"
    UVICORN = "uvicorn"
    TRITON = "triton"
    BENTOML = "bentoml"
    TF_SERVING = "tf-serving"
    TORCHSERVE = "torchserve"
    ONNX_SERVER = "onnxruntime-server"


TITLES: Final = {
    Target.GUNICORN: "gunicorn",
    Target.UVICORN: "uvicorn",
    Target.TRITON: "Triton Inference Server",
    Target.BENTOML: "BentoML",
    Target.TF_SERVING: "TensorFlow Serving",
    Target.TORCHSERVE: "TorchServe",
    Target.ONNX_SERVER: "ONNX Runtime Server",
}

WHEN: Final = {
    Target.GUNICORN: N_(
        "The smallest step: your own code in several processes. No batching; a new model comes with a reload (kill -HUP)."
    ),
    Target.UVICORN: N_(
        "For FastAPI and Starlette: your own code in several processes. No batching; a new model comes with a restart."
    ),
    Target.TRITON: N_(
        "Batches requests that come together, holds several models and versions, and loads a new one while it runs. CPU and GPU."
    ),
    Target.BENTOML: N_("Batches requests that come together, with the service written in Python; it builds its own image."),
    Target.TF_SERVING: N_(
        "For TensorFlow's SavedModel, with batching and new versions loaded while it runs. An ONNX file must be converted first."
    ),
    Target.TORCHSERVE: N_(
        "Batches, several models. Its makers stopped maintaining it in 2025 and fix no security holes: take it only where it "
        "already "
        "runs."
    ),
    Target.ONNX_SERVER: N_(
        "Microsoft's own ONNX Runtime Server is no longer maintained. The community's server of that name takes the file as "
        "it is; "
        "no batching."
    ),
}
"""When each is the right one."""

TRITON_TYPES: Final = {
    1: "FP32",
    2: "UINT8",
    3: "INT8",
    5: "INT16",
    6: "INT32",
    7: "INT64",
    8: "STRING",
    9: "BOOL",
    10: "FP16",
    11: "FP64",
}
NUMPY_TYPES: Final = {
    1: "float32",
    2: "uint8",
    3: "int8",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "object",
    9: "bool",
    10: "float16",
    11: "float64",
}
"""By the number of the ONNX element type."""


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """workers, threads: of the server; batch: requests answered together at most; delay: milliseconds that the first waits."""

    workers: int = 2
    threads: int = 4
    batch: int = 32
    delay: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """facts: of the model; name: what it goes by; app: "service:app" of the uploaded code, "" where files bring their own."""

    facts: Facts
    sizing: Sizing
    name: str = "model"
    app: str = ""
    asynchronous: bool = False
    code: str = ""
    """File that holds the application."""

    preload: bool = False
    """Whether its model may be loaded before the workers are forked."""


def targets(served: Served) -> tuple[Target, ...]:
    """The servers in the order in which they fit."""
    layers = bool(served.facts.multiplied) and not served.facts.trees
    own = Target.UVICORN if served.asynchronous else Target.GUNICORN
    rest = [Target.TRITON, Target.BENTOML, *([Target.TF_SERVING] if layers else []), Target.ONNX_SERVER, Target.TORCHSERVE]
    return (own, *rest)


def files(target: Target, served: Served) -> dict[str, str]:
    """Path to content of what starts the server; the model itself goes to where `model_path` says."""
    return {
        Target.GUNICORN: _gunicorn,
        Target.UVICORN: _uvicorn,
        Target.TRITON: _triton,
        Target.BENTOML: _bentoml,
        Target.TF_SERVING: _tf_serving,
        Target.TORCHSERVE: _torchserve,
        Target.ONNX_SERVER: _onnx_server,
    }[target](served)


def model_path(target: Target, served: Served) -> str:
    """Where the model lies among the files."""
    return {
        Target.TRITON: f"models/{served.name}/1/model.onnx",
        Target.ONNX_SERVER: f"models/{served.name}/1.onnx",
    }.get(target, "model.onnx")


def zipped(target: Target, served: Served, model: bytes) -> bytes:
    """All files and the model in one archive; the same content gives the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        contents: list[tuple[str, bytes]] = [(path, text.encode()) for path, text in sorted(files(target, served).items())]
        if model:
            contents.append((model_path(target, served), model))
        for path, content in contents:
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _inputs(facts: Facts) -> list[tuple[str, str, int]]:
    """Name, numpy type and columns of each input; 0 columns where a row is one value."""
    return [(t.name, NUMPY_TYPES.get(t.type, "float32"), abs(t.dims[1]) if len(t.dims) > 1 else 0) for t in facts.inputs]


def _predicting(facts: Facts) -> str:
    """Python that turns rows of JSON into the model's inputs and its answers into JSON."""
    return f'''import numpy as np
import onnxruntime

INPUTS = {_inputs(facts)!r}  # name, type, columns of each input

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # The server brings the workers; more threads in each would fight for the same cores.
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])


def predict(rows):
    """rows: a list of objects with one value, or one list of values, under the name of each input."""
    given = {{}}
    for name, kind, columns in INPUTS:
        values = np.array([row[name] for row in rows], dtype=kind)
        given[name] = values.reshape(len(rows), -1) if columns else values.reshape(len(rows))
    answers = session.run(None, given)
    return [
        {{output.name: np.asarray(answer[n]).tolist() if not isinstance(answer, list) else answer[n]
          for output, answer in zip(session.get_outputs(), answers)}}
        for n in range(len(rows))
    ]
'''


PRELOAD: Final = "preload_app = True  # load the model once, before the workers are forked"
NO_PRELOAD: Final = (
    "preload_app = False  # a session of ONNX Runtime, TensorFlow or PyTorch does not survive a fork: one for each worker"
)
DOCKERFILE: Final = """FROM python:3.12-slim
WORKDIR /service
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER nobody
EXPOSE 8000
CMD {command}
"""


def _gunicorn(served: Served) -> dict[str, str]:
    sizing = served.sizing
    made = {
        "gunicorn.conf.py": f"""bind = "0.0.0.0:8000"
workers = {sizing.workers}  # processes; each holds the model, unless preload_app lets them share it
worker_class = "gthread"
threads = {sizing.threads}  # requests that one process waits for at once; the model itself runs in one
{PRELOAD if served.preload else NO_PRELOAD}
timeout = 60
graceful_timeout = 30
max_requests = 10000  # a worker is replaced after so many, so that a slow leak never fills the memory
max_requests_jitter = 1000
accesslog = "-"
access_log_format = '%(t)s "%(r)s" %(s)s %(b)s %(M)sms'
""",
        "requirements.txt": "gunicorn\nflask\nnumpy\nonnxruntime\n",
        "Dockerfile": DOCKERFILE.format(command=f'["gunicorn", "-c", "gunicorn.conf.py", "{served.app or "service:app"}"]'),
    }
    if not served.app:
        made["service.py"] = f"""from flask import Flask, jsonify, request

{_predicting(served.facts)}

app = Flask(__name__)


@app.get("/health")
def health():
    return "ok"


@app.post("/predict")
def answer():
    rows = request.get_json()
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return jsonify(error="send a list of objects"), 400
    try:
        return jsonify(predict(rows))
    except (KeyError, TypeError, ValueError) as error:
        return jsonify(error=f"{{type(error).__name__}}: {{error}}"), 400
"""
    made["README.txt"] = _readme(
        served.code,
        "pip install -r requirements.txt",
        f"gunicorn -c gunicorn.conf.py {served.app or 'service:app'}",
        "A new model: put it in the place of the old one, then kill -HUP the first process; no request is lost.\n"
        "With preload_app = True a reload does not read the code again: restart (systemctl restart) where the code changed.",
    )
    return made


def _uvicorn(served: Served) -> dict[str, str]:
    app = served.app or "service:app"
    return {
        "start.sh": f"""#!/bin/sh
# Each worker is a process that holds the model; load it in the lifespan of the application, never in a request.
exec uvicorn {app} --host 0.0.0.0 --port 8000 --workers {served.sizing.workers} --limit-max-requests 10000 --timeout-keep-alive 30
""",
        "requirements.txt": "uvicorn[standard]\nfastapi\nnumpy\nonnxruntime\n",
        "Dockerfile": DOCKERFILE.format(command='["sh", "start.sh"]'),
        "README.txt": _readme(
            served.code,
            "pip install -r requirements.txt",
            "sh start.sh",
            "Write handlers that call the model as def, not async def.",
        ),
    }


def _triton(served: Served) -> dict[str, str]:
    facts, sizing = served.facts, served.sizing
    batched = all(t.dims[:1] == (-1,) for t in (*facts.inputs, *facts.outputs))
    text = [f"name: {_quoted(served.name)}", 'backend: "onnxruntime"', f"max_batch_size: {sizing.batch if batched else 0}"]
    text += [_block("input", t, batched) for t in facts.inputs] + [_block("output", t, batched) for t in facts.outputs]
    text.append(f"instance_group [ {{ kind: KIND_CPU, count: {sizing.workers} }} ]")
    if batched:
        text.append(f"dynamic_batching {{ max_queue_delay_microseconds: {round(1000 * sizing.delay)} }}")
    text.append("version_policy: { latest: { num_versions: 1 } }")
    text.append('parameters { key: "intra_op_thread_count" value: { string_value: "1" } }')
    note = f"A new version: put it into models/{served.name}/2/model.onnx; it is loaded while the old one answers.\n"
    note += f"More models: one more folder in models/. Ask POST /v2/models/{served.name}/infer on port 8000."
    if any(t.type not in TRITON_TYPES for t in facts.outputs):
        note += "\nAn output of this model is a list of maps, which Triton can't send: convert it again with zipmap=False."
    return {
        f"models/{served.name}/config.pbtxt": "\n".join(text) + "\n",
        "start.sh": '#!/bin/sh\nexec docker run --rm -p 8000:8000 -p 8001:8001 -p 8002:8002 -v "$PWD/models:/models" \\\n'
        "  nvcr.io/nvidia/tritonserver:25.08-py3 tritonserver --model-repository=/models --model-control-mode=poll "
        "--repository-poll-secs=30\n",
        "README.txt": _readme("", "docker pull nvcr.io/nvidia/tritonserver:25.08-py3   (or the newest)", "sh start.sh", note),
    }


def _block(kind: str, tensor: Tensor, batched: bool) -> str:
    dims = list(tensor.dims[1:] if batched else tensor.dims)
    shape = ", ".join(str(d) for d in dims) if dims else "1"
    reshape = "" if dims or not batched else ", reshape: { shape: [ ] }"
    known = TRITON_TYPES.get(tensor.type, "FP32")
    return f"{kind} [ {{ name: {_quoted(tensor.name)}, data_type: TYPE_{known}, dims: [ {shape} ]{reshape} }} ]"


def _quoted(text: str) -> str:
    """As a string of a protobuf's text."""
    signs = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(signs.get(character, character) for character in text) + '"'


def _bentoml(served: Served) -> dict[str, str]:
    sizing = served.sizing
    return {
        "service.py": f"""import bentoml

{_predicting(served.facts)}

@bentoml.service(workers={sizing.workers}, traffic={{"timeout": 30}})
class Model:
    @bentoml.api(batchable=True, max_batch_size={sizing.batch}, max_latency_ms={max(1, round(10 * sizing.delay))})
    def predict(self, rows: list[dict]) -> list[dict]:
        return predict(rows)
""",
        "bentofile.yaml": 'service: "service:Model"\ninclude: ["service.py", "model.onnx"]\n'
        "python:\n  packages: [bentoml, numpy, onnxruntime]\n",
        "README.txt": _readme(
            "",
            "pip install bentoml numpy onnxruntime",
            "bentoml serve service:Model",
            "An image: bentoml build, then bentoml containerize.",
        ),
    }


def _tf_serving(served: Served) -> dict[str, str]:
    sizing = served.sizing
    return {
        "convert.sh": "#!/bin/sh\n# From ONNX to TensorFlow's SavedModel, with its signature.\npip install onnx2tf tensorflow\n"
        f"onnx2tf -i model.onnx -o models/{served.name}/1 -osd\n",
        "models.config": f"model_config_list {{\n  config {{\n    name: {_quoted(served.name)}\n"
        f'    base_path: "/models/{served.name}"\n'
        '    model_platform: "tensorflow"\n    model_version_policy { latest { num_versions: 1 } }\n  }\n}\n',
        "batching.config": f"max_batch_size {{ value: {sizing.batch} }}\n"
        f"batch_timeout_micros {{ value: {round(1000 * sizing.delay)} }}\n"
        f"num_batch_threads {{ value: {sizing.workers} }}\nmax_enqueued_batches {{ value: 100 }}\n",
        "start.sh": "#!/bin/sh\nexec docker run --rm -p 8500:8500 -p 8501:8501 \\\n"
        '  -v "$PWD/models:/models" -v "$PWD:/config" tensorflow/serving \\\n'
        "  --model_config_file=/config/models.config --model_config_file_poll_wait_seconds=60 \\\n"
        "  --enable_batching --batching_parameters_file=/config/batching.config\n",
        "README.txt": _readme(
            "", "sh convert.sh", "sh start.sh", f"A new version: models/{served.name}/2; it is loaded while the old one answers."
        ),
    }


def _torchserve(served: Served) -> dict[str, str]:
    sizing = served.sizing
    return {
        "handler.py": f'''import json
import os

from ts.torch_handler.base_handler import BaseHandler

{_predicting(served.facts).replace('"model.onnx"', 'os.environ.get("MODEL_FILE", "model.onnx")')}

class Handler(BaseHandler):
    """Each request is one object; the server puts together those that come at once."""

    def initialize(self, context):
        self.initialized = True

    def handle(self, requests, context):
        rows = [request.get("body") or request.get("data") for request in requests]
        return predict([json.loads(row) if isinstance(row, (bytes, str)) else row for row in rows])
''',
        "config.properties": "inference_address=http://0.0.0.0:8080\nmanagement_address=http://127.0.0.1:8081\nmodel_store=store\n"
        f'models={{"{served.name}": {{"1.0": {{"defaultVersion": true, "marName": "{served.name}.mar", '
        f'"minWorkers": {sizing.workers}, '
        f'"maxWorkers": {sizing.workers}, "batchSize": {sizing.batch}, "maxBatchDelay": {max(1, round(sizing.delay))}, '
        f'"responseTimeout": 60}}}}}}\n',
        "start.sh": "#!/bin/sh\nset -e\nmkdir -p store\n"
        f"torch-model-archiver --model-name {served.name} --version 1.0 --handler handler.py --extra-files model.onnx "
        f"--export-path store --force\n"
        "exec torchserve --foreground --ts-config config.properties\n",
        "README.txt": _readme(
            "",
            "pip install torchserve torch-model-archiver torch numpy onnxruntime",
            "sh start.sh",
            "TorchServe is no longer maintained (archived in August 2025): new services should take another server.",
        ),
    }


def _onnx_server(served: Served) -> dict[str, str]:
    image = "kibaes/onnxruntime-server:1.20.2-linux-cpu"
    more = f"Ask POST /api/sessions/{served.name}/1 with one list under the name of each input."
    return {
        "start.sh": '#!/bin/sh\nexec docker run --rm -p 8000:80 -v "$PWD/models:/app/models" \\\n'
        f"  -e ONNX_SERVER_PREPARE_MODEL={served.name}:1 -e ONNX_SERVER_WORKERS={served.sizing.workers} {image}\n",
        "README.txt": _readme("", f"docker pull {image}   (or the newest)", "sh start.sh", more),
    }


def _readme(code: str, install: str, start: str, more: str) -> str:
    own = f"Put these files beside {code}.\n" if code else ""
    return f"{own}Install:  {install}\nStart:    {start}\n\n{more}\n"


def shown(target: Target, served: Served) -> Mapping[str, str]:
    """The files worth reading on a page: all but what only says how to start."""
    return {path: text for path, text in files(target, served).items() if path != "README.txt"}
