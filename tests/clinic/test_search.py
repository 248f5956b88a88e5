"""A search from its settings to its judgement."""

from __future__ import annotations

import ast
import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from diagnostics.catalogue import clinic_diagnostic
from diagnostics.clinic.search import sentences as search_sentences
from diagnostics.clinic.search.check import RULES, Search, Settings, judge, profile
from diagnostics.clinic.search.export import params_json, source, trials_table
from diagnostics.clinic.search.families import families
from diagnostics.clinic.search.objective import Objective
from diagnostics.clinic.search.plan import (
    Method,
    Validation,
    check_plan,
    hold_out,
    make_folds,
    suggest_metric,
    suggest_validation,
)
from diagnostics.clinic.search.result import State, compare_held_out
from diagnostics.clinic.search.space import DEFAULTS, FITS, MEANS, Dimension, check, count_points, default_space, grid_points
from diagnostics.clinic.shared import results
from diagnostics.clinic.shared.models import pipeline
from diagnostics.clinic.shared.scores import METRICS, predict
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import Words
from tests.clinic.frames import classes, values
from tests.clinic.searches import begun, table
from tests.factory import incident_of

QUICK = Settings(family="linear", trials=8, workers=1)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Incident, Search]:
    folder = tmp_path_factory.mktemp("search")
    incident = table(folder)
    settings = replace(QUICK, methods=(Method.GRID, Method.RANDOM, Method.TPE), trials=14, workers=2)
    return incident, profile(incident, settings, url=f"sqlite:///{folder}/s.sqlite")


def test_each_kind_of_search_has_its_study_with_all_its_trials(found: tuple[Incident, Search]) -> None:
    p = found[1]
    assert [study.method for study in p.studies] == [Method.GRID, Method.RANDOM, Method.TPE]
    # The grid has seven points.
    assert [study.finished for study in p.studies] == [7, 14, 14]
    assert len({one.params for one in p.studies[0].tries}) == 7
    assert p.best == max(one.value or 0 for study in p.studies for one in study.done)
    assert [name for name, _ in p.studies[2].importances] == ["strength"]


def test_the_first_trial_is_the_default_so_that_the_choice_is_never_below_it(found: tuple[Incident, Search]) -> None:
    for study in found[1].studies[1:]:
        assert dict(study.tries[0].params) == {"strength": 1.0}


def test_rows_put_aside_are_never_seen_and_judge_the_choice(found: tuple[Incident, Search]) -> None:
    incident, p = found
    data = training_set(incident)
    searched, held = hold_out(data, Validation.AUTO, seed=0)
    assert not set(searched.drawn) & set(held.drawn)
    assert len(searched) + len(held) == len(data)
    assert p.held is not None
    assert p.held.rows == len(held)
    model = pipeline(searched, "linear", seed=0, **dict(p.chosen)).fit(searched.features, searched.truth)  # type: ignore[arg-type]
    value = METRICS[p.metric].of(held.truth, predict(model, held.features, searched))
    assert p.held.chosen.value == pytest.approx(value)
    assert p.held.chosen.low <= value <= p.held.chosen.high
    assert p.held.optimism == pytest.approx((p.best or 0) - value)
    assert p.held.over_dummy.low > 0


def test_the_result_survives_being_kept(found: tuple[Incident, Search]) -> None:
    diagnostic = clinic_diagnostic("search")
    assert diagnostic is not None
    content = results.pack(
        diagnostic, results.FinishedRun(module="search", fingerprint="a", settings=QUICK, profile=found[1], seconds=1.0)
    )
    assert results.unpack(diagnostic, content).profile == found[1]


def test_every_picture_has_its_sentence(found: tuple[Incident, Search]) -> None:
    p, words = found[1], Words()
    for describe in (
        search_sentences.describe_progress,
        search_sentences.describe_history,
        search_sentences.describe_importance,
        search_sentences.describe_parallel,
        search_sentences.describe_slices,
        search_sentences.describe_contour,
        search_sentences.describe_timeline,
        search_sentences.describe_comparison,
        search_sentences.describe_optimism,
    ):
        said = describe(p)
        assert words(said[0], **said[1]).endswith((".", "s."))


def test_two_workers_find_what_one_finds(tmp_path: Path) -> None:
    incident = table(tmp_path)
    one, two = (
        profile(incident, replace(QUICK, trials=16, workers=workers), url=f"sqlite:///{tmp_path}/{workers}.sqlite")
        for workers in (1, 2)
    )
    assert [(t.params, t.value, t.state) for t in one.studies[0].tries] == [
        (t.params, t.value, t.state) for t in two.studies[0].tries
    ]
    assert (one.chosen, one.held) == (two.chosen, two.held)


def test_hopeless_trials_are_ended_early_and_never_chosen(tmp_path: Path) -> None:
    incident = table(tmp_path, rows=400)
    settings = Settings(family="neighbours", trials=30, workers=1, methods=(Method.RANDOM,))
    p = profile(incident, settings, url=f"sqlite:///{tmp_path}/s.sqlite")
    states = [one.state for one in p.studies[0].tries]
    assert State.PRUNED in states
    assert State.PRUNED not in states[:10]
    for one in p.studies[0].tries:
        assert len(one.folds) == 5 if one.state is State.FINISHED else 2 <= len(one.folds) < 5
    whole = profile(incident, replace(settings, pruning=False, name="whole"), url=f"sqlite:///{tmp_path}/s.sqlite")
    assert {one.state for one in whole.studies[0].tries} == {State.FINISHED}


def test_the_same_objective_runs_in_a_plain_loop_of_optuna(tmp_path: Path) -> None:
    _, prepared = begun(table(tmp_path), QUICK, f"sqlite:///{tmp_path}/s.sqlite")
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study.optimize(Objective(prepared.plans[0], prepared.searched), n_trials=3)
    assert 0.5 < study.best_value < 1


@pytest.mark.parametrize("family", sorted(families()))
@pytest.mark.parametrize("task", list(Task))
def test_every_family_runs_on_both_tasks_and_exports_what_it_chose(tmp_path: Path, family: str, task: Task) -> None:
    rng = np.random.default_rng(3)
    frame = classes(rng, 160) if task is Task.CLASSIFICATION else values(rng, 160)
    frame.loc[::7, "x1"] = np.nan
    target = "answer" if task is Task.CLASSIFICATION else "price"
    incident = incident_of(tmp_path, frame, target=target, task=task)
    settings = Settings(family=family, trials=2, workers=1, parts=2, methods=(Method.RANDOM,))
    p = profile(incident, settings, url=f"sqlite:///{tmp_path}/s.sqlite")
    assert p.studies[0].finished == 2
    assert p.held is not None
    data = training_set(incident)
    module: dict[str, object] = {}
    exec(compile(source(p, data, incident), "pipeline.py", "exec"), module)
    model = module["build"]()  # type: ignore[operator]
    features = module["features"](frame)  # type: ignore[operator]
    ours = pipeline(data, families()[family], seed=0, **dict(p.chosen))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        # Two trials of two folds need not converge.
        warnings.simplefilter("ignore")
        rows, truth = module["training"](frame)  # type: ignore[operator]
        model.fit(rows, truth)
        ours.fit(data.features, data.truth)
    np.testing.assert_allclose(model.predict(features), ours.predict(data.features), rtol=1e-6)


def test_names_of_columns_stand_in_the_exported_python_as_names_alone(tmp_path: Path) -> None:
    frame = classes(np.random.default_rng(0), 200)
    hostile = "x\"]\n'''); import os; os.system(\"touch /tmp/owned\") #"
    frame = frame.rename(columns={"x0": hostile, "city": "{city}"})
    frame["seen"] = pd.date_range("2026-01-01", periods=200, freq="h")
    incident = incident_of(tmp_path, frame, target="answer")
    p = profile(incident, replace(QUICK, trials=2), url=f"sqlite:///{tmp_path}/s.sqlite")
    text = source(p, training_set(incident), incident)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) and node.names[0].name == "os"]
    module: dict[str, object] = {}
    exec(compile(text, "pipeline.py", "exec"), module)
    assert hostile in module["NUMBERS"]  # type: ignore[operator]
    assert module["TIMES"] == ["seen"]
    model = module["build"]().fit(*module["training"](frame))  # type: ignore[operator]
    assert len(model.predict(module["features"](frame))) == 200  # type: ignore[operator]
    assert json.loads(params_json(p))["params"] == dict(p.chosen)
    assert len(trials_table(p)) == 2


def test_the_folds_follow_the_roles(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 400)
    timed = frame.assign(seen=pd.date_range("2026-01-01", periods=400, freq="h"))
    owned = frame.assign(customer=rng.integers(0, 150, 400).astype(str))
    of_time = training_set(incident_of(tmp_path / "t", timed, target="answer", timestamp="seen"))
    of_groups = training_set(incident_of(tmp_path / "g", owned, target="answer", id="customer"))
    of_classes = training_set(incident_of(tmp_path / "c", frame, target="answer"))
    of_values = training_set(incident_of(tmp_path / "v", values(rng, 400), target="price", task=Task.REGRESSION))
    kinds = [suggest_validation(data) for data in (of_time, of_groups, of_classes, of_values)]
    assert kinds == [Validation.TIME, Validation.GROUPED, Validation.STRATIFIED, Validation.PLAIN]
    for fold in make_folds(of_time, Validation.AUTO, parts=5, seed=0):
        assert of_time.order is not None
        assert of_time.order[fold.train].max() < of_time.order[fold.test].min()
    for fold in make_folds(of_groups, Validation.AUTO, parts=5, seed=0):
        assert of_groups.groups is not None
        assert not set(of_groups.groups[fold.train]) & set(of_groups.groups[fold.test])
    shares = [float(np.mean(of_classes.truth[fold.test])) for fold in make_folds(of_classes, Validation.AUTO, parts=5, seed=0)]
    assert max(shares) - min(shares) < 0.03
    rows = np.concatenate([fold.test for fold in make_folds(of_values, Validation.AUTO, parts=5, seed=0)])
    assert sorted(rows) == list(range(len(of_values)))


def test_the_metric_follows_the_task_and_the_imbalance(tmp_path: Path, rng: np.random.Generator) -> None:
    even = training_set(incident_of(tmp_path / "a", classes(rng, 300, share=0.45), target="answer"))
    rare = training_set(incident_of(tmp_path / "b", classes(rng, 400, share=0.08), target="answer"))
    price = training_set(incident_of(tmp_path / "c", values(rng, 200), target="price", task=Task.REGRESSION))
    assert [suggest_metric(data).name for data in (even, rare, price)] == ["auc", "average_precision", "r2"]
    assert "class_weight" in {d.name for d in default_space("forest", rare.task, rows=200, imbalanced=True)}


@pytest.mark.parametrize("family", sorted(DEFAULTS))
@pytest.mark.parametrize("task", list(Task))
def test_every_default_space_is_one_that_can_be_searched_and_says_what_each_setting_is(family: str, task: Task) -> None:
    if family not in families():
        pytest.skip(f"{family} is not installed")
    space = default_space(family, task, rows=60, imbalanced=True)
    check(space, families()[family])
    assert len(grid_points(space, 0)) == count_points(space)
    for dimension in space:
        assert MEANS[dimension.name]
        assert dimension.choices or FITS[dimension.name][0] <= dimension.low <= dimension.high <= FITS[dimension.name][1]


SAID = Dimension(name="strength", low=1.0, high=10.0)


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ((), "is empty"),
        ((replace(SAID, low=10, high=1),), "the first must be the smaller"),
        ((replace(SAID, low=0, log=True),), "cannot be searched by factors from 0"),
        ((replace(SAID, high=float("nan")),), "needs a number in both"),
        ((replace(SAID, high=1e30),), "must lie between"),
        ((replace(SAID, name="fun"),), "has no setting fun"),
        ((replace(SAID, high=1.0),), "a single point"),
        ((Dimension(name="class_weight", choices=("heavy",)),), "can be none and balanced"),
    ],
)
def test_a_space_that_cannot_be_searched_is_one_sentence(tmp_path: Path, space: tuple[Dimension, ...], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        profile(table(tmp_path), replace(QUICK, space=space), url=f"sqlite:///{tmp_path}/s.sqlite")
    assert not (tmp_path / "s.sqlite").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"metric": "rmse"}, "measures quantities, and answer holds classes"),
        ({"metric": "beauty"}, "There is no metric beauty"),
        ({"family": "oracle"}, "There is no model family oracle"),
        ({"trials": 0}, "number of trials"),
        ({"parts": 1}, "between 2 and 10 folds"),
        ({"methods": ()}, "at least one kind"),
        ({"validation": Validation.TIME}, "needs a time in every row"),
        ({"validation": Validation.GROUPED}, "need an id that several rows share"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(tmp_path: Path, change: dict[str, object], says: str) -> None:
    with pytest.raises((BadInput, NotApplicable)) as raised:
        profile(table(tmp_path), replace(QUICK, **change), url=f"sqlite:///{tmp_path}/s.sqlite")  # type: ignore[arg-type]
    assert says in raised.value.statement(Words())


def test_a_metric_for_classes_is_refused_for_a_quantity(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = incident_of(tmp_path, values(rng, 200), target="price", task=Task.REGRESSION)
    with pytest.raises(BadInput, match="counts right classes, and price is a quantity"):
        profile(incident, replace(QUICK, metric="auc"), url=f"sqlite:///{tmp_path}/s.sqlite")


def test_one_class_in_a_fold_is_one_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 400).sort_values("answer").assign(seen=pd.date_range("2026-01-01", periods=400, freq="h"))
    incident = incident_of(tmp_path, frame.reset_index(drop=True), target="answer", timestamp="seen")
    with pytest.raises(NotApplicable) as raised:
        profile(incident, QUICK, url=f"sqlite:///{tmp_path}/s.sqlite")
    assert "holds one class only" in raised.value.statement(Words())
    data = training_set(table(tmp_path / "few", rows=120, share=0.1))
    with pytest.raises(NotApplicable) as raised:
        make_folds(
            data.take(np.r_[np.flatnonzero(data.truth == 1)[:4], np.flatnonzero(data.truth == 0)]),
            Validation.AUTO,
            parts=10,
            seed=0,
        )
    assert "holds one class only" in raised.value.statement(Words())


def test_too_few_rows_are_one_sentence(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        profile(incident_of(tmp_path / "a", classes(rng, 40), target="answer"), QUICK, url=f"sqlite:///{tmp_path}/s.sqlite")
    incident = incident_of(tmp_path / "b", values(rng, 61), target="price", task=Task.REGRESSION)
    with pytest.raises(NotApplicable):
        profile(incident, replace(QUICK, parts=10), url=f"sqlite:///{tmp_path}/s.sqlite")


def test_rules_fire_on_what_they_name_and_stay_silent_else(tmp_path: Path, rng: np.random.Generator) -> None:
    incident = table(tmp_path, rows=600)
    clear = profile(
        incident,
        replace(QUICK, space=(Dimension(name="strength", low=1e-3, high=1e3, log=True),)),
        url=f"sqlite:///{tmp_path}/s.sqlite",
    )
    assert {"SEA001", "SEA002"} & {finding.code for finding in judge(clear)}
    assert clear.held is not None
    higher = replace(clear.held, gain=replace(clear.held.gain, value=0.1, low=0.05, high=0.15))
    worse = replace(clear.held, gain=replace(clear.held.gain, value=-0.1, low=-0.15, high=-0.05))
    same = replace(clear.held, over_dummy=replace(clear.held.over_dummy, low=-0.1))
    luck = replace(clear.held, optimism=0.2, chosen=replace(clear.held.chosen, value=0.6, low=0.55, high=0.65))
    failed = replace(clear.studies[0].tries[0], state=State.FAILED, why="ValueError: no", value=None)
    study = clear.studies[0]
    edge = replace(clear, chosen=(("strength", 1e3),), studies=(replace(study, importances=(("strength", 1.0),)),))
    cases = {
        "SEA001": replace(clear, held=higher),
        "SEA002": replace(clear, held=worse),
        "SEA003": replace(clear, held=luck, best=0.9),
        "SEA004": edge,
        "SEA005": replace(clear, studies=(replace(study, tries=(failed, failed, *study.tries)),)),
        "SEA006": replace(clear, held=same),
        "SEA007": replace(clear, best=None, studies=(replace(study, tries=(failed,)),)),
    }
    assert set(cases) == {rule.code for rule in RULES}
    for code, p in cases.items():
        findings = {finding.code: finding for finding in judge(p)}
        assert code in findings
        assert findings[code].statement(Words()).endswith(".")
        if code in ("SEA003", "SEA005", "SEA006", "SEA007"):
            assert code not in {finding.code for finding in judge(replace(clear, held=higher))}
    middle = replace(clear, chosen=(("strength", 1.0),), studies=edge.studies)
    assert "SEA004" not in {finding.code for finding in judge(middle)}


def test_a_target_that_nothing_tells_is_no_better_than_guessing(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 500)
    frame["answer"] = rng.permutation(frame["answer"].to_numpy())
    p = profile(incident_of(tmp_path, frame, target="answer"), QUICK, url=f"sqlite:///{tmp_path}/s.sqlite")
    assert "SEA006" in {finding.code for finding in judge(p)}


def test_settings_that_a_model_refuses_fail_their_trial_and_not_the_search(tmp_path: Path) -> None:
    incident = table(tmp_path, rows=120)
    space = (Dimension(name="n_neighbors", low=1, high=200, whole=True, steps=3),)
    settings = Settings(family="neighbours", trials=3, workers=1, methods=(Method.GRID,), space=space)
    p = profile(incident, settings, url=f"sqlite:///{tmp_path}/s.sqlite")
    failed = [one for one in p.studies[0].tries if one.state is State.FAILED]
    assert failed
    assert "n_neighbors" in failed[0].why
    assert p.best is not None
    assert "SEA005" in {finding.code for finding in judge(p)}


def test_minutes_end_a_search(tmp_path: Path) -> None:
    p = profile(table(tmp_path), replace(QUICK, minutes=0.05), url=f"sqlite:///{tmp_path}/s.sqlite")
    assert p.studies[0].asked == 0
    assert p.studies[0].done
    assert p.held is not None


def test_the_intervals_draw_whole_groups(tmp_path: Path, rng: np.random.Generator) -> None:
    frame = classes(rng, 400).assign(customer=np.repeat(np.arange(133), 4)[:400].astype(str))
    frame = frame.assign(customer=[str(n // 3) for n in range(400)])
    incident = incident_of(tmp_path, frame, target="answer", id="customer")
    data = training_set(incident)
    assert data.groups is not None
    plan = check_plan(begun(incident, QUICK, f"sqlite:///{tmp_path}/s.sqlite")[1].plans[0], data)
    model = pipeline(data, "linear").fit(data.features, data.truth)
    answer = predict(model, data.features, data)
    held = compare_held_out(plan.score, data, [answer, answer, answer], 0.9, seed=0)
    assert held.gain.value == held.gain.low == held.gain.high == 0
    assert held.chosen.low < held.chosen.value < held.chosen.high
