from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gates.made_secrets import KINDS, Sample, harmless, secrets
from diagnostics.checks.environment.leakage import check as leakage
from diagnostics.checks.operations import logs
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.secrets import MASK, masked, masked_text


def shown(sample: Sample) -> str:
    return masked(sample.path, sample.text) if sample.path else masked_text(sample.text)


def test_made_secrets_are_hidden_and_harmless_values_shown(rng: np.random.Generator) -> None:
    made = secrets(300, rng)
    assert len(KINDS) >= 40
    leaked = [sample for sample in made if sample.secret in shown(sample)]
    hidden = [sample for sample in harmless(500, rng) if shown(sample) != sample.text]
    assert len(leaked) <= 0.02 * 300, leaked
    assert len(hidden) <= 0.02 * 500, hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("login postgres://us@er:pw/x@db/x done", f"login postgres://{MASK}@db/x done"),
        ("password=args.password, token=get_token()", "password=args.password, token=get_token()"),
        ('{"api_key": "a1B2c3D4e5F6", "n": 3}', f'{{"api_key": "{MASK}", "n": 3}}'),
        ("user=bob password='two words' n=3", f"user=bob password='{MASK}' n=3"),
        ("see https://example.com:8443/a@b", "see https://example.com:8443/a@b"),
    ],
)
def test_only_the_secret_of_a_line_is_hidden(text: str, expected: str) -> None:
    assert masked_text(text) == expected


def test_long_texts_are_looked_through_in_linear_time() -> None:
    """Each would take minutes if an expression went back over what it has seen."""
    for part in ("a", "a:", "://", "-u ", "mysql ", 'a="', "/a", "eyJ", "bearer ", "aB1", "password", "key=["):
        masked_text(part * 20_000)


def test_no_secret_of_a_log_reaches_what_is_shown(tmp_path: Path) -> None:
    lines = [
        f"2026-05-12 09:{n % 60:02d}:17 ERROR login failed for postgres://svc:Correct1Horse@db/x password=HunterTwoX try {n}\n"
        for n in range(300)
    ]
    file = tmp_path / "service.log"
    file.write_text("".join(lines))
    found = logs.profile(Incident(title="", logs=(file,)))
    everything = repr(found) + repr(logs.judge(found))
    assert "login failed" in everything
    assert [secret for secret in ("Correct1Horse", "HunterTwoX") if secret in everything] == []


def test_no_secret_of_code_reaches_what_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(
        "import pandas as pd\nfrom sklearn.preprocessing import StandardScaler\n"
        "from sklearn.model_selection import train_test_split\n"
        "x = pd.read_csv('a.csv')\n"
        "z = StandardScaler().fit_transform(x, password='HunterTwoX')\ntrain, test = train_test_split(z)\n"
    )
    found = leakage.look((file,))
    assert "StandardScaler" in repr(found)
    assert "HunterTwoX" not in repr(found)
