from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.shared.results import decode, encode
from diagnostics.clinic.stability import check as stability
from diagnostics.clinic.stability.check import Settings, Stability, steadiest
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import stability as drawing
from tests.clinic.frames import classes, values
from tests.factory import incident_of


def codes(p: Stability) -> set[str]:
    return {finding.code for finding in stability.judge(p)}


@pytest.fixture(scope="module")
def shaky(tmp_path_factory: pytest.TempPathFactory) -> Stability:
    """A tree grown to the end: a few rows left out turn many answers."""
    frame = classes(np.random.default_rng(3), 500, noise=1.5)
    incident = incident_of(tmp_path_factory.mktemp("shaky"), frame, target="answer")
    return stability.profile(incident, Settings(family="tree", trainings=6))


def test_a_tree_whose_answers_hang_on_chance_is_said_and_averaging_calms_it(shaky: Stability) -> None:
    assert "STA001" in codes(shaky)
    drops = shaky.source("drop")
    assert drops is not None
    assert drops.flipped > 0.03


def test_a_network_is_calmed_by_averaging_seeds(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, classes(rng, 1000, noise=1.5), target="answer")
    p = stability.profile(incident, Settings(family="network", trainings=6))
    calmer = {c.name: c for c in p.calmer}
    assert calmer["bag"].less.low > 0
    best = steadiest(p)
    assert best is not None
    assert "STA004" in codes(p)


def test_a_model_without_chance_in_it_is_steady(tmp_path: Path, rng: np.random.Generator) -> None:
    p = stability.profile(incident_of(tmp_path, classes(rng), target="answer"), Settings(family="linear", trainings=5))
    assert codes(p) == {"STA003"}
    seeds, split = p.source("seed"), p.source("split")
    assert seeds is not None
    assert split is not None
    assert seeds.flipped == 0
    assert split.share > 0.9
    assert steadiest(p) is None


def test_it_works_on_a_quantity(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, values(rng, 300), target="price", task=Task.REGRESSION)
    p = stability.profile(incident, Settings(family="network", trainings=4))
    assert {source.name for source in p.sources} == {"seed", "drop", "split", "batch"}
    assert {c.name for c in p.calmer} == {"bag", "larger", "smaller", "decay"}
    assert sum(p.flips) == pytest.approx(1, abs=0.01)
    assert stability.judge(p)


def test_it_comes_back_from_json_and_every_picture_can_be_drawn(shaky: Stability) -> None:
    assert decode(encode(shaky), Stability) == shaky
    for finding in (None, *stability.judge(shaky)):
        assert drawing.draw(shaky, finding, Words()) is not None
    assert drawing.draw_parts(shaky, Words()) is not None


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, classes(rng, 200), target="answer")
    chosen = Settings(family="tree", trainings=4)
    assert stability.profile(incident, chosen) == stability.profile(incident, chosen)


def test_it_says_what_it_lacks_and_refuses_odd_settings(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        stability.profile(Incident())
    with pytest.raises(ValueError, match="trainings must be between"):
        stability.profile(incident_of(tmp_path, classes(rng), target="answer"), Settings(trainings=1))


def test_trainings_are_shown_as_they_come(tmp_path: Path, rng: np.random.Generator) -> None:
    told: list[int] = []

    def on_progress(share: float, what: str = "", so_far: Stability | None = None) -> None:
        told.append(sum(len(source.scores) for source in so_far.sources) if so_far else 0)

    incident = incident_of(tmp_path, classes(rng, 200), target="answer")
    stability.profile(incident, Settings(family="tree", trainings=4), on_progress=on_progress)
    assert told[:4] == [0, 0, 2, 3]
    assert max(told) == 12
