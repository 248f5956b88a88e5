from __future__ import annotations

import ast
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.clinic.shared.results import decode, encode, service_fingerprint
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import Words
from diagnostics.pictures.clinic import serving as drawing
from diagnostics.sandbox.facts import Facts
from diagnostics.service.serving import check, load, variants
from diagnostics.service.serving.accelerator import Fit, estimate
from diagnostics.service.serving.cache import lru, replay
from diagnostics.service.serving.check import Serving, Settings
from diagnostics.service.serving.files import Served as Wanted
from diagnostics.service.serving.files import Sizing, Target, files, targets, zipped
from diagnostics.service.serving.framework import Server, framework
from diagnostics.service.serving.queueing import erlang_c, expected_wait, served
from diagnostics.service.serving.remedies import Basis, remedies
from diagnostics.service.serving.requests import Stage, of_message
from diagnostics.service.serving.variants import copy_of, paired
from tests.clinic.services import FLASK, network, scored, service_log
from tests.factory import incident_of


def log(folder: Path, rng: np.random.Generator, **settings: object) -> Serving:
    path = service_log(folder / "service.log", rng, **settings)  # type: ignore[arg-type]
    return check.profile(Incident(logs=(path,)))


def codes(p: Serving) -> set[str]:
    return {finding.code for finding in check.judge(p)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Serving, Incident]:
    """A service with its tables, network, log and code."""
    folder, rng = tmp_path_factory.mktemp("whole"), np.random.default_rng(3)
    frame = scored(rng, 1_000)
    incident = incident_of(folder, frame[:500], frame[500:], target="answer")
    code = folder / "service.py"
    code.write_text(FLASK)
    model = network(folder / "model.onnx", frame[:500])
    incident = replace(incident, model=model, code=(code,), logs=(service_log(folder / "service.log", rng, rows=600),))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(load, "SECONDS", 0.03)
        patched.setattr(variants, "SECONDS", 0.03)
        return check.profile(incident), incident


def test_a_service_that_waits_for_its_features_is_limited_by_them(tmp_path: Path, rng: np.random.Generator) -> None:
    p = log(tmp_path, rng)
    assert codes(p) == {"SRV001"}
    shares = {share.stage: share.share for share in p.shares}
    assert shares[Stage.FETCH] / (shares[Stage.FETCH] + shares[Stage.MODEL]) == pytest.approx(0.8, abs=0.02)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-6)


def test_a_service_whose_model_takes_the_time_is_limited_by_it(tmp_path: Path, rng: np.random.Generator) -> None:
    assert codes(log(tmp_path, rng, fetch=10.0, model=60.0)) == {"SRV002"}


def test_a_service_without_one_large_part_is_called_well(tmp_path: Path, rng: np.random.Generator) -> None:
    said = "features 10 ms, model 9 ms, total 30 ms"
    when = [f"2026-03-01 10:{n // 60:02d}:{n % 60:02d}.120" for n in range(300)]
    lines = [f"{time} INFO request served for customer {n}: {said}" for n, time in enumerate(when)]
    (tmp_path / "calm.log").write_text("\n".join(lines))
    p = check.profile(Incident(logs=(tmp_path / "calm.log",)))
    assert codes(p) == set()
    assert drawing.draw(p, None, Words()) is not None


def test_requests_that_queue_are_told_with_the_workers_that_suffice(tmp_path: Path, rng: np.random.Generator) -> None:
    p = log(tmp_path, rng, gap=0.085)
    assert {"SRV003", "SRV007"} <= codes(p)
    assert p.queued is not None
    now, enough = p.simulated(1), p.simulated(4)
    assert now is not None
    assert enough is not None
    # What the log shows was made by one worker: the simulation gives the same waits back.
    took = p.asked.mean if p.asked else None
    assert took is not None
    assert now.wait == pytest.approx(took - 75, rel=0.25)
    assert enough.p95 < now.p95 / 2
    assert not {"SRV003", "SRV007"} & codes(log(tmp_path, rng, gap=0.085, workers=8))


def test_a_cache_pays_where_customers_come_again_and_not_where_each_comes_once(tmp_path: Path, rng: np.random.Generator) -> None:
    again = log(tmp_path, rng, customers=100)
    assert "SRV005" in codes(again)
    assert again.cache is not None
    assert again.cache.sizes[-1].share == pytest.approx(1 - 100 / 1_500, abs=0.01)
    assert "SRV005" not in codes(log(tmp_path, rng, customers=10_000_000))


def test_the_cache_drops_what_was_longest_unused_and_what_is_too_old() -> None:
    asked = [("a", 0.0), ("b", 1.0), ("a", 2.0), ("c", 3.0), ("b", 4.0), ("a", 5.0)]
    assert lru(asked, 2, np.inf) == [False, False, True, False, False, False]
    assert lru(asked, 3, np.inf) == [False, False, True, False, True, True]
    assert lru(asked, 3, 2.5) == [False, False, True, False, False, False]
    found = replay(["k"] * 10 + ["j"] * 10, np.repeat([0.0, 90_000.0], 10))
    assert found is not None
    assert found.precomputed == 0.0
    assert replay(["", ""], np.zeros(2)) is None


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_simulation_agrees_with_queueing_theory(rng: np.random.Generator, workers: int) -> None:
    """M/M/c, and M/D/1 by Pollaczek and Khinchine, at 70% of the capacity."""
    n, mean = 60_000, 0.1
    arrivals = np.cumsum(rng.exponential(mean / workers / 0.7, n))
    random = served(arrivals, rng.exponential(mean, n), workers=workers)
    assert random.wait == pytest.approx(1000 * expected_wait(0.7 * workers / mean, mean, workers), rel=0.12)
    assert random.theory == pytest.approx(random.wait, rel=0.12)
    constant = served(arrivals, np.full(n, mean), workers=1, load=1 / workers)
    assert constant.wait == pytest.approx(1000 * 0.7 * mean / (2 * 0.3), rel=0.12)
    assert constant.busy == pytest.approx(0.7, rel=0.03)


def test_erlang_c_is_the_formula_of_the_textbooks() -> None:
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert erlang_c(3, 5.0) == 1.0
    assert expected_wait(10, 0.2, 2) == np.inf


def test_a_batch_waits_no_longer_than_its_delay_and_holds_no_more_than_its_size(rng: np.random.Generator) -> None:
    arrivals = np.arange(100) * 0.001
    full = served(arrivals, lambda count: 0.0, workers=1, batch=10, delay=1.0)
    assert full.size == 10
    assert full.p99 <= 9.0 + 1e-6
    slow = served(np.arange(5) * 10.0, lambda count: 0.001, workers=1, batch=10, delay=0.05)
    assert slow.size == 1
    assert slow.p50 == pytest.approx(51)


def test_batches_pay_under_load_and_not_for_an_idle_service(whole: tuple[Serving, Incident]) -> None:
    p, _ = whole
    assert "SRV006" not in codes(p)
    single = next(c for c in p.capacity if c.batch == 1)
    assert max(c.per_second for c in p.capacity) > 2 * single.per_second
    assert p.asked is not None
    assert "SRV006" in codes(replace(p, asked=replace(p.asked, busiest=0.5 * single.per_second)))


def test_smaller_copies_of_the_uploaded_model_are_judged_beside_it(whole: tuple[Serving, Incident]) -> None:
    p, incident = whole
    assert p.variants is not None
    copies = {copy.name: copy for copy in p.variants.copies}
    assert set(copies) == {"dynamic", "static", "pruned", "distilled"}
    assert not any(copy.skipped for copy in copies.values())
    assert all(copy.bytes < p.variants.whole.bytes for copy in copies.values())
    assert copies["dynamic"].same > 0.95
    assert copies["pruned"].same < copies["dynamic"].same
    assert "SRV009" in codes(p)
    assert incident.model is not None
    assert len(copy_of(incident, incident.model, "static")) == copies["static"].bytes
    worse = replace(copies["pruned"], gain=Interval(-0.1, -0.2, -0.05))
    assert "SRV010" in codes(replace(p, variants=replace(p.variants, copies=(worse,))))
    assert "SRV009" not in codes(replace(p, variants=replace(p.variants, copies=(worse,))))
    assert "SRV010" not in codes(replace(p, variants=replace(p.variants, copies=(copies["dynamic"],))))


def test_three_rows_that_change_are_no_loss_beyond_chance() -> None:
    before, after = np.zeros(400), np.zeros(400)
    after[:3] = 1
    assert paired(before, after).high > 0
    after[:30] = 1
    assert paired(before, after).high < 0


def test_load_is_measured_by_rows_threads_and_processes(whole: tuple[Serving, Incident]) -> None:
    p, _ = whole
    assert p.model is not None
    assert p.model.load is not None
    assert {(c.threads, c.workers) for c in p.model.load.cells} == {(1, 1), (2, 1), (1, 2)}
    assert all(0 < c.p50 <= c.p95 <= c.p99 for c in p.model.load.cells)
    assert not p.model.made_up
    assert p.model.facts.multiplied == 6 * 64 + 64 * 64 + 64
    assert p.accelerator is not None
    assert p.accelerator.pays is None
    assert "SRV011" not in codes(p)


def test_a_card_pays_for_wide_layers_and_never_for_trees() -> None:
    wide = replace(Facts.read({}), nodes=50, parameters=50_000_000, multiplied=4_000_000_000)
    found = estimate(wide, ((1, 100.0), (64, 6_000.0)), 1_000)
    assert found.pays == 1
    assert estimate(replace(wide, trees=100), ((1, 5.0),), 10).fit is Fit.TREES


def test_the_card_the_own_server_and_large_replies_are_told(whole: tuple[Serving, Incident]) -> None:
    p, _ = whole
    wide = replace(Facts.read({}), nodes=50, parameters=50_000_000, multiplied=4_000_000_000)
    assert "SRV011" in codes(replace(p, accelerator=estimate(wide, ((1, 100.0),), 1_000)))
    assert p.asked is not None
    assert "SRV012" in codes(replace(p, asked=replace(p.asked, reply=2e6, large=9e6)))
    assert "SRV012" not in codes(p)
    # The code starts Flask's own server, and nothing shows another one.
    assert "SRV008" in codes(p)
    assert "SRV008" not in codes(replace(p, framework=replace(p.framework, server=Server.GUNICORN)))  # type: ignore[type-var]


def test_a_model_that_is_loaded_for_every_request_limits(tmp_path: Path) -> None:
    lines = []
    for n in range(200):
        when = f"2026-03-01 10:{n // 60:02d}:{n % 60:02d}"
        lines += [f"{when} INFO loaded model churn.joblib in 400 ms", f"{when} INFO POST /predict 200 in 480 ms"]
    (tmp_path / "loads.log").write_text("\n".join(lines))
    assert "SRV004" in codes(check.profile(Incident(logs=(tmp_path / "loads.log",))))
    (tmp_path / "calm.log").write_text("\n".join([lines[0], *lines[1::2]]))
    assert "SRV004" not in codes(check.profile(Incident(logs=(tmp_path / "calm.log",))))


@pytest.mark.parametrize(
    ("line", "took", "stages"),
    [
        ("prediction took 35 ms (features 20 ms, model 12 ms)", 35, {Stage.FETCH: 20, Stage.MODEL: 12}),
        ("Handled /predict for user 5512 in 0.181s: db=0.140s predict=0.030s", 181, {Stage.FETCH: 140, Stage.MODEL: 30}),
        ("latency_ms=12 feature_fetch_ms=8 inference_ms=3", 12, {Stage.FETCH: 8, Stage.MODEL: 3}),
        ('{"message": "served", "queue_ms": 5, "model_ms": 3, "total_ms": 9.5}', 9.5, {Stage.WAIT: 5, Stage.MODEL: 3}),
        ("scored batch of 5 rows in 109.1 ms for client 29", 109.1, {}),
        ('"POST /predict HTTP/1.1" 200 160ms', 160, {}),
    ],
)
def test_lines_tell_where_the_time_went(line: str, took: float, stages: dict[Stage, float]) -> None:
    found = of_message(line, line, 0.0)
    assert found is not None
    assert found.took == pytest.approx(took)
    assert dict(found.stages) == pytest.approx(stages)


def test_health_checks_and_starts_are_no_requests() -> None:
    for line in ("GET /health HTTP/1.1 200 in 1 ms", "service started, model churn-7 loaded in 2.4 s", "cache has 12 entries"):
        assert of_message(line, line, 0.0) is None


def test_the_server_is_told_by_log_and_code(tmp_path: Path) -> None:
    code = tmp_path / "service.py"
    code.write_text(FLASK)
    found = framework(Incident(code=(code,)))
    assert found is not None
    assert (found.server, found.app, found.said, found.workers) == (Server.OWN, "service:app", False, 1)
    assert found.forks
    code.write_text("import onnxruntime\n" + FLASK)
    threaded = framework(Incident(code=(code,)))
    assert threaded is not None
    assert not threaded.forks
    started = tmp_path / "service.log"
    started.write_text(
        "\n".join(f"[2026-03-01 10:00:0{n} +0000] [7] [INFO] Booting worker with pid: {n}" for n in range(4))
        + "\n[2026-03-01 10:00:05 +0000] [7] [INFO] Starting gunicorn 23.0.0\n"
    )
    found = framework(Incident(code=(code,), logs=(started,)))
    assert found is not None
    assert (found.server, found.workers) == (Server.GUNICORN, 4)
    assert framework(Incident()) is None


def test_the_files_are_written_for_this_model_and_hold_together(whole: tuple[Serving, Incident]) -> None:
    p, incident = whole
    assert p.model is not None
    wanted = Wanted(facts=p.model.facts, sizing=Sizing(workers=3, batch=16), name="churn")
    assert Target.TF_SERVING in targets(wanted)
    for target in targets(wanted):
        made = files(target, wanted)
        assert "README.txt" in made
        for path, text in made.items():
            assert "{served" not in text
            if path.endswith(".py"):
                ast.parse(text)
    config = files(Target.TRITON, wanted)["models/churn/config.pbtxt"]
    assert 'input [ { name: "x", data_type: TYPE_FP32, dims: [ 6 ] } ]' in config
    assert "max_batch_size: 16" in config
    assert 'name: "label", data_type: TYPE_STRING, dims: [ 1 ], reshape: { shape: [ ] }' in config
    assert "workers = 3" in files(Target.GUNICORN, wanted)["gunicorn.conf.py"]
    # A session of ONNX Runtime made before the fork ends its workers with SIGABRT.
    assert "preload_app = False" in files(Target.GUNICORN, wanted)["gunicorn.conf.py"]
    own = replace(wanted, app="service:app", code="service.py", preload=True)
    assert "preload_app = True" in files(Target.GUNICORN, own)["gunicorn.conf.py"]
    assert "service.py" not in files(Target.GUNICORN, own)
    assert incident.model is not None
    packed = zipped(Target.TRITON, wanted, incident.model.read_bytes())
    assert packed == zipped(Target.TRITON, wanted, incident.model.read_bytes())
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert "models/churn/1/model.onnx" in archive.namelist()


def test_the_service_that_is_written_answers_what_the_model_does(whole: tuple[Serving, Incident], tmp_path: Path) -> None:
    """The part that all written services share, run on the model as its text stands."""
    from diagnostics.service.serving.files import _predicting

    p, incident = whole
    assert p.model is not None
    assert incident.model is not None
    text = _predicting(p.model.facts).replace('"model.onnx"', repr(str(incident.model)))
    held: dict[str, object] = {}
    exec(compile(text, "service", "exec"), held)
    told = held["predict"]([{"x": [0.0] * 6}, {"x": [3.0] * 6}])  # type: ignore[operator]
    assert [row["label"] for row in told] == ["no", "yes"] or len(told) == 2
    assert len(told[0]["probabilities"]) == 2


def test_every_remedy_says_what_it_brings_or_what_is_missing(whole: tuple[Serving, Incident], tmp_path: Path) -> None:
    p, _ = whole
    told = remedies(p)
    assert len({one.name for one in told}) == len(told) >= 15
    for one in told:
        assert Words().sentence(one.says, one.values)
    bare = check.profile(Incident(code=(_code(tmp_path),)))
    assert {one.basis for one in remedies(bare)} == {Basis.UNKNOWN, Basis.KNOWN}


def _code(folder: Path) -> Path:
    (folder / "service.py").write_text(FLASK)
    return folder / "service.py"


def test_it_comes_back_from_json_and_every_picture_can_be_drawn(whole: tuple[Serving, Incident]) -> None:
    p, _ = whole
    assert decode(encode(p), Serving) == p
    for finding in (None, *check.judge(p)):
        assert drawing.draw(p, finding, Words()) is not None
    for draw in (drawing.draw_parts, drawing.draw_cache, drawing.draw_workers, drawing.draw_capacity, drawing.draw_load):
        assert draw(p, Words()) is not None
    assert drawing.draw_card(p, Words()) is not None


def test_it_says_what_it_lacks_and_refuses_odd_settings(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(NotApplicable):
        check.profile(Incident())
    with pytest.raises(ValueError, match="goal must be above 0"):
        check.profile(Incident(code=(_code(tmp_path),)), Settings(goal=0))
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    p = check.profile(Incident(model=broken))
    assert p.model is not None
    assert p.model.skipped
    other = service_log(tmp_path / "a.log", rng, rows=50)
    assert service_fingerprint(Incident(logs=(other,))) != service_fingerprint(Incident())
