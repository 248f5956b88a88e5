from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks.environment.serving.check import BY_KIND, judge, profile
from diagnostics.code.serving import Kind
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Severity
from diagnostics.nouns.words import Words

HEAD = (
    "import asyncio\nimport pickle\nimport time\n\nimport joblib\nimport requests\nfrom fastapi import FastAPI, UploadFile\n"
    "from flask import Flask, request\nfrom sklearn.preprocessing import StandardScaler\n\napp = FastAPI()\n"
)
MODEL = "model = joblib.load('model.joblib')\n"
FAULTY = {
    Kind.LOADED: "@app.post('/predict')\ndef predict(x: float):\n"
    "    model = joblib.load('model.joblib')\n    return model.predict([[x]])[0]\n",
    Kind.REFITTED: MODEL + "@app.post('/predict')\ndef predict(x: float):\n    scaler = StandardScaler()\n"
    "    rows = scaler.fit_transform([[x]])\n    return model.predict(rows)[0]\n",
    Kind.GROWING: MODEL + "history = []\n@app.post('/predict')\ndef predict(x: float):\n    history.append(x)\n"
    "    return model.predict([[x]])[0]\n",
    Kind.DEBUG: "site = Flask(__name__)\nif __name__ == '__main__':\n    site.run(host='0.0.0.0', debug=True)\n",
    Kind.BLOCKING: MODEL + "@app.get('/p')\nasync def p(key: str):\n    row = requests.get('http://features/' + key).json()\n"
    "    return model.predict([[row['a']]])[0] if row else None\n",
    Kind.ONE_BY_ONE: MODEL
    + "@app.post('/predict')\ndef predict(rows: Rows):\n    return [model.predict([row])[0] for row in rows.values]\n",
    Kind.UNCHECKED: MODEL + "@app.post('/predict')\ndef predict():\n    data = request.get_json()\n"
    "    return str(model.predict([[data['age'], data['income']]])[0])\n",
    Kind.UNPICKLED: "@app.post('/rows')\ndef rows(file: UploadFile):\n    return len(pickle.load(file.file))\n",
}
RIGHT = {
    Kind.LOADED: "model = None\n@app.post('/predict')\ndef predict(x: float):\n    global model\n    if model is None:\n"
    "        model = joblib.load('model.joblib')\n    return model.predict([[x]])[0]\n",
    Kind.REFITTED: MODEL + "scaler = joblib.load('scaler.joblib')\n@app.post('/predict')\ndef predict(x: float):\n"
    "    return model.predict(scaler.transform([[x]]))[0]\n",
    Kind.GROWING: MODEL + "from collections import deque\nhistory = deque(maxlen=100)\ncounts = {}\n@app.post('/predict')\n"
    "def predict(x: float):\n    history.append(x)\n    counts['all'] = counts.get('all', 0) + 1\n"
    "    return model.predict([[x]])[0]\n",
    Kind.DEBUG: "site = Flask(__name__)\n@site.get('/ok')\ndef ok():\n    return 'ok'\n"
    "if __name__ == '__main__':\n    site.run(debug=False)\n",
    Kind.BLOCKING: MODEL
    + "@app.get('/p')\nasync def p(key: str):\n    answer = await asyncio.to_thread(requests.get, 'http://f/' + key)\n"
    "    await asyncio.sleep(0.1)\n    return answer.ok\n@app.get('/q')\ndef q(key: str):\n    time.sleep(0.1)\n    return key\n",
    Kind.ONE_BY_ONE: MODEL
    + "@app.post('/predict')\ndef predict(rows: Rows):\n    return [float(p) for p in model.predict(rows.values)]\n",
    Kind.UNCHECKED: MODEL
    + "@app.post('/predict')\ndef predict(row: Row):\n    return model.predict([[row.age, row.income]])[0]\n",
    Kind.UNPICKLED: "import json\n@app.post('/rows')\ndef rows(file: UploadFile):\n    return len(json.load(file.file))\n",
}


def found(folder: Path, text: str) -> list[Finding]:
    file = folder / "app.py"
    file.write_text(HEAD + text)
    return judge(profile(replace(Incident(), code=(file,))))


@pytest.mark.parametrize("kind", FAULTY, ids=[kind.name for kind in FAULTY])
def test_each_fault_is_told_with_file_line_and_what_to_write(tmp_path: Path, kind: Kind) -> None:
    rule, _ = BY_KIND[kind]
    findings = found(tmp_path, FAULTY[kind])
    assert [f.code for f in findings] == [rule.code]
    finding = findings[0]
    assert str(finding.evidence["code"]).strip() in FAULTY[kind]
    assert finding.statement(Words()).startswith(f"app.py, line {finding.evidence['line']}: ")
    if kind is not Kind.UNPICKLED:
        lines = str(finding.evidence["mended"])
        compile(lines, "mended", "exec")
        # What is proposed is written in the place of what was there, and is then no longer told.
        assert rule.code not in {f.code for f in judge_again(tmp_path, lines)}


def judge_again(folder: Path, lines: str) -> list[Finding]:
    try:
        return found(folder, lines)
    except NotApplicable:
        return []


@pytest.mark.parametrize("kind", RIGHT, ids=[kind.name for kind in RIGHT])
def test_the_right_way_is_silent(tmp_path: Path, kind: Kind) -> None:
    assert found(tmp_path, RIGHT[kind]) == []


def test_fitting_in_predict_and_unpickling_are_critical(tmp_path: Path) -> None:
    for kind in (Kind.REFITTED, Kind.UNPICKLED):
        assert found(tmp_path, FAULTY[kind])[0].severity is Severity.CRITICAL
    text = "class Model:\n    def predict(self, X):\n        return self.model.predict(self.scaler.fit_transform(X))\n"
    assert [f.code for f in found(tmp_path, text)] == ["ENV041"]


def test_code_that_serves_nothing_is_not_judged(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable) as told:
        found(tmp_path, "model = joblib.load('m')\nprint(model.predict([[1]]))\n")
    assert told.value.needs == "code"
