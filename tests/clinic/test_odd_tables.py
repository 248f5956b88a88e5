"""Tables as they come: every clinic profile of a training table gets through them, or says why not in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.fit import check as fit
from diagnostics.clinic.imbalance import check as imbalance
from diagnostics.clinic.shared.results import decode, encode, find_types
from diagnostics.clinic.stability import check as stability
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import fit as fit_picture
from diagnostics.pictures.clinic import imbalance as imbalance_picture
from diagnostics.pictures.clinic import stability as stability_picture
from tests.clinic.frames import classes, values
from tests.factory import incident_of


def odd(kind: str, folder: Path) -> Incident:
    rng = np.random.default_rng(11)
    frame = classes(rng, 240)
    given: dict[str, object] = {"target": "answer", "task": None}
    match kind:
        case "ordered":
            frame = frame.assign(when=pd.date_range("2026-01-01", periods=240, freq="h"))
            given["timestamp"] = "when"
        case "ids":
            frame = frame.assign(who=[f"p{n // 2}" for n in range(240)])
            given["id"] = "who"
        case "copies":
            frame = pd.concat([frame, frame.head(80)], ignore_index=True)
        case "three classes":
            frame = frame.assign(answer=rng.choice(["a", "b", "c"], 240, p=[0.6, 0.3, 0.1]))
        case "few rows":
            frame = frame.head(64)
        case "categories only":
            frame = frame[["city", "answer"]].assign(colour=rng.choice(["red", "blue", None], 240))
        case "one column":
            frame = frame[["x0", "answer"]]
        case "holes":
            frame = frame.mask(rng.random(frame.shape) < 0.3)
            frame["x0"] = np.inf
        case "markup":
            frame = frame.rename(columns={"x0": "<b>x</b>", "x1": "$a$ {b}", "answer": "[t](http://x)"})
            given["target"] = "[t](http://x)"
        case "numbers as classes":
            frame = frame.assign(answer=(frame["answer"] == "yes").astype(int))
        case "quantity":
            frame, given["target"] = values(rng, 240), "price"
        case "flat quantity":
            frame = values(rng, 240).round({"price": 0})
            given["target"] = "price"
        case "wide":
            frame = pd.DataFrame(rng.normal(size=(120, 300)), columns=[f"c{n}" for n in range(300)]).assign(
                answer=["a", "b"] * 60
            )
        case "hardly any rare":
            frame = frame.assign(answer=["yes"] * 10 + ["no"] * 230)
        case "dates":
            frame = frame.assign(born=pd.date_range("1950-01-01", periods=240, freq="30D"))
    return incident_of(folder, frame, **given)


KINDS = (
    "ordered",
    "ids",
    "copies",
    "three classes",
    "few rows",
    "categories only",
    "one column",
    "holes",
    "markup",
    "numbers as classes",
    "quantity",
    "flat quantity",
    "wide",
    "hardly any rare",
    "dates",
)
RUNS = {
    "fit": (fit, fit.Settings(family="linear", repeats=1), fit_picture.draw),
    "imbalance": (imbalance, imbalance.Settings(family="linear", repeats=1), imbalance_picture.draw),
    "stability": (stability, stability.Settings(family="tree", trainings=4), stability_picture.draw),
}


# Each takes seconds: what only the shared rows and folds could stumble over is tried on the first alone.
SOME = ("ordered", "three classes", "few rows", "categories only", "holes", "markup", "quantity", "hardly any rare")


@pytest.mark.parametrize(
    ("name", "kind"), [("fit", kind) for kind in KINDS] + [(n, k) for n in ("imbalance", "stability") for k in SOME]
)
def test_an_odd_table_is_looked_at_or_refused_in_a_sentence(name: str, kind: str, tmp_path: Path) -> None:
    module, settings, draw = RUNS[name]
    words, diagnostic = Words(), clinic_diagnostic(name)
    assert diagnostic is not None
    refused = None
    try:
        p = module.profile(odd(kind, tmp_path), settings)
    except NotApplicable as reason:
        refused = reason
    if refused is not None:
        assert len(refused.statement(words)) > 20
        assert refused.needs
        return
    assert decode(encode(p), find_types(diagnostic)[1]) == p
    findings = module.judge(p)
    assert findings
    for finding in findings:
        assert finding.statement(words)
        draw(p, finding, words)
