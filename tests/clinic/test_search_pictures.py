"""What the pictures of a search show, and what their sentences say, where the trials are few, alike, cut off or far apart."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.clinic.search import sentences as says
from diagnostics.clinic.search.check import Search, Settings, judge, profile
from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.plan import Method
from diagnostics.clinic.search.result import State, Study, Try
from diagnostics.clinic.search.space import Dimension, Line, bounded_size, parse_table
from diagnostics.clinic.search.study_list import list_studies, resume_together
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic.search import draw_held, draw_history, draw_side_by_side
from diagnostics.pictures.clinic.search_trials import draw_contour, draw_timeline
from diagnostics.pictures.shapes import Dots, HeatMap, Stack
from tests.clinic.searches import ROOT, begun, table, worker

SPACE = (Dimension(name="learning_rate", low=0.01, high=0.5, log=True), Dimension(name="max_iter", low=20, high=300, whole=True))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Search:
    folder = tmp_path_factory.mktemp("pictures")
    return profile(table(folder), Settings(family="linear", trials=3, workers=1), url=f"sqlite:///{folder}/s.sqlite")


def trial(
    number: int, value: float | None, *, rate: float = 0.1, rounds: int = 50, state: State = State.FINISHED, **more: object
) -> Try:
    params = (("learning_rate", rate), ("max_iter", rounds))
    return replace(
        Try(number=number, state=state, value=value, params=params, folds=(), began=1_000.0 + number, seconds=1.0, worker=1),
        **more,
    )  # type: ignore[arg-type]


def searched(made: Search, *studies: tuple[Try, ...]) -> Search:
    named = tuple(
        Study(
            name=f"s{place}",
            method=list(Method)[place % 3],
            asked=40,
            minutes=0.0,
            tries=tries,
            importances=(("learning_rate", 0.7), ("max_iter", 0.3)),
        )
        for place, tries in enumerate(studies)
    )
    return replace(made, space=SPACE, studies=named, of="s0", best=0.9)


def told(said: says.Sentence) -> str:
    return Words()(said[0], **said[1])


def test_searches_that_found_the_same_share_the_lead(made: Search) -> None:
    same = (trial(0, 0.9),)
    assert told(says.describe_comparison(searched(made, same, same))) == "All searches found the same best value, 0.9."
    three = told(says.describe_comparison(searched(made, same, same, (trial(0, 0.8),))))
    assert three == "s0 and s1 share the lead with 0.9; the last, s2, has 0.8."
    assert told(says.describe_comparison(searched(made, same, (trial(0, 0.8),)))).startswith("s0 is ahead with 0.9")


def test_names_of_lines_stand_where_no_line_runs(made: Search) -> None:
    short, long = tuple(trial(n, 0.9) for n in range(3)), tuple(trial(n, 0.9) for n in range(8))
    shape = draw_side_by_side(searched(made, short, long), Words())
    assert shape is not None
    (plot,) = shape.plots(Words())
    assert [beside.y for beside in plot.beside] == [0.9, 0.9]


def test_good_trials_of_one_value_are_no_range(made: Search) -> None:
    p = searched(made, tuple(trial(n, 0.9 - n / 100, rate=0.1 if n < 4 else 0.01 * n) for n in range(12)))
    assert told(says.describe_slices(p)) == "The best quarter of the trials has learning_rate = 0.1."
    assert told(says.describe_parallel(p)) == "The best trials, in blue, all have learning_rate = 0.1."


def test_trials_under_way_are_not_counted_as_tried(made: Search) -> None:
    p = searched(made, (trial(0, 0.9), trial(1, 0.8), trial(2, None, state=State.RUNNING), trial(3, None, state=State.RUNNING)))
    assert "trial 1 of 2" in told(says.describe_history(p))
    none = replace(searched(made, (trial(0, None, state=State.RUNNING),)), best=None)
    assert told(says.describe_progress(none)) == "No trial has finished yet. Under way: 1."


def test_the_first_trial_alone_has_whole_numbers_on_its_axis(made: Search) -> None:
    shape = draw_history(searched(made, (trial(0, 0.9),)), Words())
    assert shape is not None
    (plot,) = shape.plots(Words())
    assert [at for at, _ in plot.x.ticks] == [1]
    assert plot.ends("y")[0] > 0.5


def test_a_trial_whose_worker_was_stopped_is_not_drawn_over_the_pause_after_it(made: Search) -> None:
    before = tuple(trial(n, 0.9) for n in range(5))
    lost = trial(5, None, state=State.LOST, worker=2, began=1_003.0, seconds=4_000.0)
    after = trial(6, 0.9, worker=3, began=5_003.0)
    shape = draw_timeline(searched(made, (*before, lost, after)), Words())
    assert isinstance(shape, Stack)
    parts = [part for _, row in shape.rows for part in row]
    assert [part.length for part in parts if part.name == "was running when its worker was stopped"] == [2.0]
    assert max(part.start + part.length for part in parts) < 20


def test_one_wreck_leaves_the_map_its_colours(made: Search) -> None:
    close = [trial(n, 0.9 - n / 1000, rate=0.02 * (n + 1), rounds=20 + 20 * n) for n in range(10)]
    shape = draw_contour(searched(made, (*close, trial(10, -40.0))), Words())
    assert isinstance(shape, HeatMap)
    assert shape.cells.low > 0.8
    even = draw_contour(searched(made, tuple(close)), Words())
    assert isinstance(even, HeatMap)
    assert even.cells.low == pytest.approx(0.891)


def test_a_gain_too_small_to_matter_is_not_called_chance(made: Search) -> None:
    assert made.held is not None
    small = replace(made.held, gain=replace(made.held.gain, value=0.0004, low=0.0002, high=0.0006))
    (said,) = [one.statement(Words()) for one in judge(replace(made, held=small)) if one.code == "SEA002"]
    assert "too little to matter" in said
    assert "chance" not in said


def test_a_dummy_that_explains_nothing_has_nought(made: Search) -> None:
    assert made.held is not None
    p = replace(made, held=replace(made.held, dummy=replace(made.held.dummy, value=-0.000145)))
    said = says.describe_held_out(p)
    assert said is not None
    assert told(said).endswith("dummy 0.")
    shape = draw_held(p, Words())
    assert isinstance(shape, Dots)
    assert shape.rows[-1].said == "0"


def line(name: str, low: float | None = None, high: float | None = None, values: str = "") -> Line:
    return Line(use=True, name=name, low=low, high=high, log=True, steps=3, values=values)


def test_a_cell_that_would_not_count_is_refused() -> None:
    boosting = families()["boosting"]
    with pytest.raises(BadInput, match="leave its values empty"):
        parse_table([line("learning_rate", 0.01, 0.5, "0.1, 0.2")], boosting)
    with pytest.raises(BadInput, match="leave From and To empty"):
        parse_table([line("class_weight", 1.0, None, "none")], boosting)
    for written in ("none, balanced", "none，balanced", "none；balanced", "none、balanced"):
        assert parse_table([line("class_weight", values=written)], boosting)[0].choices == (None, "balanced")
    with pytest.raises(BadInput, match="more than 100,000"):
        bounded_size(tuple(replace(dimension, high=10_000, steps=400) for dimension in SPACE))


def test_searches_that_ran_side_by_side_are_resumed_together(tmp_path: Path) -> None:
    url, incident = f"sqlite:///{tmp_path}/s.sqlite", table(tmp_path)
    both = Settings(family="linear", trials=9, methods=(Method.GRID, Method.TPE))
    prepared = begun(incident, both, url)[1]
    begun(incident, Settings(family="forest", trials=9), url)
    held = list_studies(url)
    assert resume_together(held[1:]) is not None
    names, settings = resume_together(held[1:]) or ((), Settings())
    assert set(names) == set(prepared.names)
    assert begun(incident, settings, url)[1].names == prepared.names
    assert resume_together(held) is None
    assert resume_together(()) is None


def test_a_worker_has_the_same_number_in_every_study(tmp_path: Path) -> None:
    url, incident = f"sqlite:///{tmp_path}/s.sqlite", table(tmp_path)
    both = Settings(family="linear", trials=3, methods=(Method.GRID, Method.TPE), workers=1)
    grid = begun(incident, both, url)[1].names[0]
    with worker(url, grid) as other:
        other.communicate(timeout=90)
    p = profile(incident, both, url=url)
    assert [{one.worker for one in study.tries} for study in p.studies] == [{1}, {2}]


READY = """
import sys, tempfile, threading
from pathlib import Path
from diagnostics.clinic.search.check import Settings, profile
from diagnostics.nouns.incident import Task
from tests.clinic.frames import values
from tests.factory import incident_of
import numpy as np
before = []
def look(share, what="", so_far=None):
    if threading.current_thread() is not threading.main_thread() and not before:
        before.append(["sklearn.compose" in sys.modules, "optuna.importance" in sys.modules])
with tempfile.TemporaryDirectory() as folder:
    incident = incident_of(Path(folder), values(np.random.default_rng(0), 200), target="price", task=Task.REGRESSION)
    profile(incident, Settings(family="svm", trials=1, workers=1), on_progress=look, url=f"sqlite:///{folder}/s.sqlite")
print(before)
"""


def test_no_library_is_loaded_by_two_threads_at_once() -> None:
    run = subprocess.run([sys.executable, "-c", READY], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout.strip() == "[[True, True]]", run.stderr
