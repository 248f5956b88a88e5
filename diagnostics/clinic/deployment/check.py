"""Deployment: the model as ONNX, quantised, distilled: size, latency and accuracy side by side; learning on in service."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.deployment.export import (
    Way,
    as_distilled,
    as_file,
    as_onnx,
    as_quantised,
    build_served,
    run_session,
    session,
)
from diagnostics.clinic.deployment.online import Online, online
from diagnostics.clinic.deployment.rows import as_inputs
from diagnostics.clinic.deployment.rules import (
    FASTER,
    MOVING,
    RULES,
    SERVED,
    STILL,
    WORSE,
    Costly,
    Faster,
    OnlineLearning,
    UploadedSpeed,
)
from diagnostics.clinic.deployment.speed import BATCHES, WORKERS, Latency, latency
from diagnostics.clinic.shared.compare import Compared, Progress, Remedy, Result, Verdict, compare, fit, ignore_progress
from diagnostics.clinic.shared.models import FAMILIES, pipeline
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, sample_rows, training_set
from diagnostics.measure.samples import samples
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.words import N_
from diagnostics.sandbox import inputs
from diagnostics.sandbox.model import Model

__all__ = ["RULES", "Deployment", "Settings", "judge", "profile"]

TRIED_ROWS: Final = 3_000


@dataclass(frozen=True)
class Settings:
    """Which model to deploy."""

    family: str = "boosting"
    """One of `models.FAMILIES`."""

    rows: int = ROWS
    """Rows drawn at most."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to deploy the model."""

    name: str
    says: str
    bytes: int
    """Size of the file."""

    apart: float
    """Largest difference of a prediction from the trained model's: of probabilities, or of values in standard deviations."""

    skipped: Reason = field(default_factory=Reason)
    """Why there is none."""


@dataclass(frozen=True)
class Uploaded:
    """The incident's own model."""

    file: str
    """Its name."""

    bytes: int
    latency: tuple[Latency, ...]
    skipped: Reason = field(default_factory=Reason)
    """Why it could not be run."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The variants of one model side by side."""

    data: Described
    family: str
    says: str
    """Message id of the metric."""

    variants: tuple[Variant, ...]
    """The trained model first."""

    latency: tuple[Latency, ...]
    """Of each variant, by batch and workers."""

    compared: Compared
    """Scores on held-out rows."""

    online: Online | None
    uploaded: Uploaded | None

    def median(self, name: str, batch: int = 1, workers: int = 1) -> float | None:
        """Milliseconds."""
        return next((c.p50 for c in self.latency if (c.what, c.batch, c.workers) == (name, batch, workers)), None)


WAYS: Final[tuple[tuple[str, str, Way], ...]] = (
    ("onnx", N_("ONNX"), as_onnx),
    ("quantised", N_("ONNX with 8-bit weights (quantised)"), as_quantised),
    ("distilled", N_("ONNX of a small tree (distilled)"), as_distilled),
)


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Deployment:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    family, seed = settings.family, incident.seed
    small = sample_rows(data, TRIED_ROWS, seed=seed)
    on_progress(0.0, N_("Training the model"))
    fitted = _train(small, family, seed)
    variants, asks = _variants(fitted, small)
    cells: list[Latency] = []
    for index, (name, ask) in enumerate(asks.items()):
        on_progress(0.1 + 0.4 * index / len(asks), N_("Timing answers"))
        cells += latency(name, ask, batches=BATCHES, workers=WORKERS)
    before = Remedy(
        name="python", says=N_("scikit-learn, as trained"), build=lambda data, seed: pipeline(data, family, seed=seed)
    )
    made = {variant.name for variant in variants if not variant.skipped}
    remedies = [Remedy(name=name, says=says, build=build_served(family, way)) for name, says, way in WAYS if name in made]
    compared = compare(
        small,
        before,
        remedies,
        metric_for(data.task),
        repeats=1,
        seed=seed,
        on_progress=lambda share, what="", so_far=None: on_progress(0.5 + 0.35 * share, what),
    )
    on_progress(0.85, N_("Learning on, row by row"))
    moving = online(data, seed=seed)
    on_progress(0.93, N_("Timing the uploaded model"))
    return Deployment(
        data=data.described,
        family=family,
        says=metric_for(data.task).says,
        variants=variants,
        latency=tuple(cells),
        compared=compared,
        online=moving,
        uploaded=_uploaded(incident),
    )


def _train(data: TrainingSet, family: str, seed: int) -> Any:
    before = Remedy(name=family, says=family, build=lambda data, seed: pipeline(data, family, seed=seed))
    return fit(data, before, np.arange(len(data)), seed)[0]


def _variants(fitted: Any, data: TrainingSet) -> tuple[tuple[Variant, ...], dict[str, Callable[[int], object]]]:
    """Size and predictions of each variant, and a function that predicts so many raw rows."""
    tell = fitted.predict_proba if data.task is Task.CLASSIFICATION else fitted.predict
    own = np.asarray(tell(data.features), dtype="float64")
    spread = 1.0 if data.task is Task.CLASSIFICATION else float(own.std()) or 1.0
    frame = data.features.iloc[np.resize(np.arange(len(data)), max(len(data), *BATCHES))]
    rows = as_inputs(frame, data)
    # Only written, never read: the size that a pickle of the model would have.
    made = [Variant(name="python", says=N_("scikit-learn, as trained"), bytes=len(pickle.dumps(fitted)), apart=0.0)]
    asks: dict[str, Callable[[int], object]] = {"python": lambda count: tell(frame.iloc[:count])}
    for name, says, way in WAYS:
        try:
            content = as_file(fitted, way, data.features, data)
        except NotApplicable as reason:
            made.append(Variant(name=name, says=says, bytes=0, apart=0.0, skipped=reason.kept))
            continue
        running = session(content)
        predicted = run_session(running, {column: values[: len(data)] for column, values in rows.items()}).reshape(own.shape)
        made.append(Variant(name=name, says=says, bytes=len(content), apart=float(np.abs(predicted - own).max() / spread)))
        asks[name] = _predict_with(running, rows)
    return tuple(made), asks


def _predict_with(running: Any, rows: dict[str, NDArray[Any]]) -> Callable[[int], object]:
    return lambda count: run_session(running, {column: values[:count] for column, values in rows.items()})


def _uploaded(incident: Incident) -> Uploaded | None:
    """The incident's model, timed in its confined process; None where there is none."""
    if incident.model is None:
        return None
    size = incident.model.stat().st_size
    try:
        model = Model(incident.model)
        try:
            drawn = samples(incident)
            plan = inputs.plan(model.description, drawn.features, drawn.kinds)

            def ask(count: int) -> object:
                frame, _ = inputs.rows(plan, drawn.reference.iloc[:count])
                return model.answer(frame)

            batches = tuple(batch for batch in BATCHES if batch <= len(drawn.reference))
            return Uploaded(incident.model.name, size, latency("uploaded", ask, batches=batches))
        finally:
            model.close()
    except NotApplicable as reason:
        return Uploaded(incident.model.name, size, (), reason.kept)


def onnx_file(incident: Incident, settings: Settings, name: str) -> bytes:
    """The ONNX file of the variant `name`, trained again as it was measured. Raises NotApplicable as `profile` does."""
    small = sample_rows(training_set(incident, rows=settings.rows), TRIED_ROWS, seed=incident.seed)
    fitted = _train(small, settings.family, incident.seed)
    way = next(way for known, _, way in WAYS if known == name)
    return as_file(fitted, way, small.features, small)


def judge(
    p: Deployment, *, faster_at: float = 1.5, smaller_at: float = 0.67, lost_at: float = 0.01, learns_at: float = 0.01
) -> list[Finding]:
    """DEP001: a variant whose score falls by at most `lost_at`, by the low end of its interval, answers one row `faster_at` times
    as fast, or its file is at most `smaller_at` of the size: a third less is worth the work. DEP002: one that is worse beyond
    chance. Of one in between neither is known (non-inferiority: Piaggio et al. 2012, doi:10.1001/jama.2012.87802).
    DEP003: online learning gains beyond chance and by `learns_at` (a share, or spreads of the target): less is not worth a model
    that changes. Chosen by hand.
    """
    findings: list[Finding] = []
    results = {result.name: result for result in p.compared.remedies if not result.skipped}
    base, whole = p.median("python") or 1.0, p.variants[0].bytes
    good: list[Faster] = []
    for variant in p.variants[1:]:
        result, mine = results.get(variant.name), p.median(variant.name)
        if result is None or mine is None or not variant.bytes:
            continue
        times, share = base / mine, variant.bytes / whole
        if result.verdict is Verdict.WORSE:
            findings.append(WORSE.found(_costly(p, variant, result, times, share)))
        elif result.gain.low >= -lost_at and (times >= faster_at or share <= smaller_at):
            good.append(_faster(p, variant, result, mine, base))
    if good:
        findings.append(FASTER.found(max(good, key=lambda entry: entry.times)))
    if p.online is not None:
        moving = p.online.gain.low > 0 and p.online.gain.value >= learns_at
        findings.append(_online_learning(p.online, moving=moving))
    if p.uploaded is not None and p.uploaded.latency:
        findings.append(SERVED.found(_uploaded_speed(p.uploaded)))
    return findings


def _faster(p: Deployment, variant: Variant, result: Result, mine: float, base: float) -> Faster:
    return Faster(
        weight=0.5,
        what=variant.says,
        mine=mine,
        base=base,
        times=base / mine,
        bytes=variant.bytes,
        share=variant.bytes / p.variants[0].bytes,
        score=p.says,
        gain=result.gain.value,
        # A sentence has no use for the fifth decimal of a score.
        low=round(result.gain.low, 4),
        high=round(result.gain.high, 4),
        apart=variant.apart,
        unchanged=not (result.gain.value or result.gain.low or result.gain.high),
    )


def _costly(p: Deployment, variant: Variant, result: Result, times: float, share: float) -> Costly:
    return Costly(
        weight=0.4,
        what=variant.says,
        times=times,
        share=share,
        score=p.says,
        least=round(-result.gain.high, 4),
        most=round(-result.gain.low, 4),
    )


def _online_learning(online: Online, *, moving: bool) -> Finding:
    entry = OnlineLearning(
        weight=min(1.0, online.gain.value) if moving else 0.2,
        fixed=float(np.mean(online.fixed)),
        online=float(np.mean(online.online)),
        rows=online.rows,
        gain=online.gain.value,
        low=online.gain.low,
        high=online.gain.high,
        classes=online.higher,
    )
    return (MOVING if moving else STILL).found(entry)


def _uploaded_speed(uploaded: Uploaded) -> UploadedSpeed:
    first, last = uploaded.latency[0], uploaded.latency[-1]
    return UploadedSpeed(
        weight=0.3,
        file=uploaded.file,
        bytes=uploaded.bytes,
        p50=first.p50,
        p95=first.p95,
        p99=first.p99,
        rows=last.batch,
        all=last.p50,
    )
