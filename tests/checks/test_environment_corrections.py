"""Every correction of the cases is executed: after its script, and as a whole corrected script, which must leak less."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from diagnostics.code.flow import Flow
from diagnostics.code.mend.proposal import Correction, Script
from diagnostics.code.notebook import read_code
from diagnostics.code.watch import Leak, Watch
from tests.checks import leaky_code as styles
from tests.checks.running_code import run

GROUPS = (styles.PREPROCESSING, styles.OVERLAP, styles.TARGET, styles.TEMPORAL, styles.REPEATED)
CANNOT_RUN = {"keras_share", "fillna_backward"}
"""Keras is not installed here, and pandas has dropped the argument."""

IN_WORDS = {"in_class", "two_splits"}
"""No line can be written: the split's sides have no names, or which of two splits was meant is not known."""


def corrections(script: str, folder: Path) -> list[tuple[Leak, Correction | None]]:
    (folder / "t.py").write_text(script)
    code, seen = read_code(folder / "t.py"), Watch()
    seen.targets = {"bought", "dear"}
    Flow(seen).run(code.statements)
    leaks = list(seen.leaks.values())
    made = Script(code, {}, leaks)
    made.targets = set(seen.targets)
    return [(leak, made.corrected(leak)) for leak in leaks]


@pytest.mark.parametrize("case", [pytest.param((name, body), id=name) for group in GROUPS for name, body in group.items()])
def test_every_correction_runs(case: tuple[str, str], tmp_path: Path) -> None:
    name, body = case
    script = styles.HEAD + body
    found = corrections(script, tmp_path)
    assert found
    for _, correction in found:
        if name in IN_WORDS:
            assert correction is None
            continue
        assert correction is not None
        compile(correction.lines, "lines", "exec")
        if name not in CANNOT_RUN:
            run(script, correction.lines)
            run(correction.script)


def lines_for(body: str, folder: Path) -> str:
    found = [correction.lines for _, correction in corrections(styles.HEAD + body, folder) if correction is not None]
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (styles.PREPROCESSING["sliced"], "X_train, X_test = X[:n], X[n:]"),
        (styles.PREPROCESSING["sides_by_mask"], "df[df['income'] < 52]"),
        (styles.PREPROCESSING["columns_in_place"], "X_train[cols] = scaler.fit_transform(X_train[cols])"),
        (styles.PREPROCESSING["grid_by_name"], "model__{key}"),
        (styles.TEMPORAL["shuffled_folds"], "TimeSeriesSplit(n_splits=5)"),
        (styles.REPEATED["loop"], "'n_neighbors': list(range(1, 20))"),
        (styles.PREPROCESSING["loop_of_encoders"], "OrdinalEncoder(handle_unknown='use_encoded_value'"),
    ],
)
def test_split_columns_and_grid_stay_what_they_are(body: str, kept: str, tmp_path: Path) -> None:
    assert kept in lines_for(body, tmp_path)


def test_a_correction_that_would_still_leak_is_not_proposed(tmp_path: Path) -> None:
    found = corrections(styles.HEAD + styles.PREPROCESSING["one_branch"], tmp_path)
    for _, correction in found:
        assert correction is not None
        seen = Watch()
        Flow(seen).run(ast.parse(correction.script).body)
        assert not seen.leaks
