"""Deployment: the model as ONNX, quantised, distilled: size, latency and accuracy side by side; learning on in service."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.deployment.export import Way, answer, as_distilled, as_file, as_onnx, as_quantised, served, session
from diagnostics.clinic.deployment.online import Online, online
from diagnostics.clinic.deployment.rows import fed
from diagnostics.clinic.deployment.speed import BATCHES, WORKERS, Latency, latency
from diagnostics.clinic.shared.compare import Compared, Progress, Remedy, Result, Verdict, compare, fit, quiet
from diagnostics.clinic.shared.models import FAMILIES, pipeline
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, fewer, training_set
from diagnostics.measure.samples import samples
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident, Task
from diagnostics.nouns.refusal import NotApplicable, Reason
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value
from diagnostics.sandbox import inputs
from diagnostics.sandbox.model import Model

NADEAU: Final = "accuracy: Nadeau and Bengio 2003, doi:10.1023/A:1024068626366"
FASTER: Final = Rule(
    code="DEP001",
    title=N_("The same answers for less"),
    why=N_("A smaller file starts faster and costs less; a faster answer leaves time for everything else in a request."),
    remedy=N_(
        "Download the file below and serve it: it takes raw rows. Compare its answers with the old ones before you switch."
    ),
    statistic=N_("Median time of one answer, size of the file, and the score on held-out rows, all side by side."),
    source="ONNX; " + NADEAU,
    severity=Severity.INFO,
)
WORSE: Final = Rule(
    code="DEP002",
    title=N_("A smaller variant costs accuracy"),
    why=N_("What was gained in size or time is paid for in wrong answers."),
    remedy=N_("Take another variant, a larger student, or quantise only some layers; never swap without this comparison."),
    statistic=N_("Difference of the score on held-out rows, same folds."),
    source="Jacob et al. 2018, arXiv:1712.05877; Buciluă et al. 2006, doi:10.1145/1150402.1150464; " + NADEAU,
    severity=Severity.INFO,
)
MOVING: Final = Rule(
    code="DEP003",
    title=N_("Learning on pays"),
    why=N_("What was true when the model was trained changes; one that goes on learning follows."),
    remedy=N_("Retrain often, or learn on as answers become known; keep a fixed copy beside it, and stop if it falls behind."),
    statistic=N_(
        "Each row is answered first and learnt from afterwards; blocks of rows are compared with a learner left as it was."
    ),
    source="Gama et al. 2013, On evaluating stream learning algorithms, doi:10.1007/s10994-012-5320-9; Newey and West 1987",
)
STILL: Final = Rule(
    code="DEP004",
    title=N_("Learning on brings nothing here"),
    why=N_("An online learner is one more thing that can break; without a gain it is not worth it."),
    remedy=N_("Leave the model fixed and watch it: retrain when its score falls."),
    statistic=N_(
        "Each row is answered first and learnt from afterwards; blocks of rows are compared with a learner left as it was."
    ),
    source="Gama et al. 2013, On evaluating stream learning algorithms, doi:10.1007/s10994-012-5320-9; Newey and West 1987",
    severity=Severity.INFO,
)
SERVED: Final = Rule(
    code="DEP005",
    title=N_("The uploaded model's own speed"),
    why=N_("A model that is slow for one row is slow for everybody."),
    remedy=N_("If one row at a time is slow and many are not, answer rows in batches. Else try the ways to a smaller model."),
    statistic=N_("Time of one answer through the confined process that runs the file here, its pipe included."),
    source="Measured on this machine",
    severity=Severity.INFO,
)
RULES: Final = (FASTER, WORSE, MOVING, STILL, SERVED)

TRIED_ROWS: Final = 3_000


@dataclass(frozen=True)
class Settings:
    """family: of `models.FAMILIES`. rows: drawn at most."""

    family: str = "boosting"
    rows: int = ROWS


@dataclass(frozen=True)
class Variant:
    """bytes: of the file. apart: largest difference of its answers from the trained model's (chances, or values by their spread).

    skipped: why there is none.
    """

    name: str
    says: str
    bytes: int
    apart: float
    skipped: Reason = field(default_factory=Reason)


@dataclass(frozen=True)
class Uploaded:
    """file: its name. skipped: why it could not be run."""

    file: str
    bytes: int
    latency: tuple[Latency, ...]
    skipped: Reason = field(default_factory=Reason)


@dataclass(frozen=True)
class Deployment:
    """variants: the trained model first. latency: of each variant by batch and workers. compared: accuracy on held-out rows."""

    data: Described
    family: str
    says: str
    variants: tuple[Variant, ...]
    latency: tuple[Latency, ...]
    compared: Compared
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


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> Deployment:
    """Raises NotApplicable without a table to learn from, and ValueError for an unknown family."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    data = training_set(incident, rows=settings.rows)
    family, seed = settings.family, incident.seed
    small = fewer(data, TRIED_ROWS, seed=seed)
    on_progress(0.0, N_("Training the model"))
    fitted = _trained(small, family, seed)
    variants, asks = _variants(fitted, small)
    cells: list[Latency] = []
    for place, (name, ask) in enumerate(asks.items()):
        on_progress(0.1 + 0.4 * place / len(asks), N_("Timing answers"))
        cells += latency(name, ask, batches=BATCHES, workers=WORKERS)
    before = Remedy("python", N_("scikit-learn, as trained"), lambda data, seed: pipeline(data, family, seed=seed))
    made = {variant.name for variant in variants if not variant.skipped}
    remedies = [Remedy(name, says, served(family, way)) for name, says, way in WAYS if name in made]
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
        data.described, family, metric_for(data.task).says, variants, tuple(cells), compared, moving, _uploaded(incident)
    )


def _trained(data: TrainingSet, family: str, seed: int) -> Any:
    before = Remedy(family, family, lambda data, seed: pipeline(data, family, seed=seed))
    return fit(data, before, np.arange(len(data)), seed)[0]


def _variants(fitted: Any, data: TrainingSet) -> tuple[tuple[Variant, ...], dict[str, Callable[[int], object]]]:
    """What each variant weighs and answers, and how to ask it for so many raw rows."""
    tell = fitted.predict_proba if data.task is Task.CLASSIFICATION else fitted.predict
    own = np.asarray(tell(data.features), dtype="float64")
    spread = 1.0 if data.task is Task.CLASSIFICATION else float(own.std()) or 1.0
    frame = data.features.iloc[np.resize(np.arange(len(data)), max(len(data), *BATCHES))]
    rows = fed(frame, data)
    # Only written, never read: the size that a pickle of the model would have.
    made = [Variant("python", N_("scikit-learn, as trained"), len(pickle.dumps(fitted)), 0.0)]
    asks: dict[str, Callable[[int], object]] = {"python": lambda count: tell(frame.iloc[:count])}
    for name, says, way in WAYS:
        try:
            content = as_file(fitted, way, data.features, data)
        except NotApplicable as reason:
            made.append(Variant(name, says, 0, 0.0, reason.kept))
            continue
        running = session(content)
        told = answer(running, {column: values[: len(data)] for column, values in rows.items()}).reshape(own.shape)
        made.append(Variant(name, says, len(content), float(np.abs(told - own).max() / spread)))
        asks[name] = _asking(running, rows)
    return tuple(made), asks


def _asking(running: Any, rows: dict[str, NDArray[Any]]) -> Callable[[int], object]:
    return lambda count: answer(running, {column: values[:count] for column, values in rows.items()})


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


def file_of(incident: Incident, settings: Settings, name: str) -> bytes:
    """The ONNX file of the variant `name`, trained again as it was measured. Raises NotApplicable as `profile` does."""
    small = fewer(training_set(incident, rows=settings.rows), TRIED_ROWS, seed=incident.seed)
    fitted = _trained(small, settings.family, incident.seed)
    way = next(way for known, _, way in WAYS if known == name)
    return as_file(fitted, way, small.features, small)


def judge(p: Deployment, *, faster_at: float = 1.5, smaller_at: float = 0.67, lost_at: float = 0.01) -> list[Finding]:
    """DEP001: a variant whose score falls by at most `lost_at`, by the low end of its interval, answers one row `faster_at` times
    as fast, or its file is at most `smaller_at` of the size: a third less is worth the work. DEP002: one that is worse beyond
    chance. Of one in between neither is known (non-inferiority: Piaggio et al. 2012, doi:10.1001/jama.2012.87802).
    """
    found = []
    results = {result.name: result for result in p.compared.remedies if not result.skipped}
    base, whole = p.median("python") or 1.0, p.variants[0].bytes
    good: list[tuple[float, Variant, Result, float]] = []
    for variant in p.variants[1:]:
        result, mine = results.get(variant.name), p.median(variant.name)
        if result is None or mine is None or not variant.bytes:
            continue
        if result.verdict is Verdict.WORSE:
            found.append(_worse(p, variant, result, base / mine, variant.bytes / whole))
        elif result.gain.low >= -lost_at and (base / mine >= faster_at or variant.bytes / whole <= smaller_at):
            good.append((base / mine, variant, result, mine))
    if good:
        times, variant, result, mine = max(good, key=lambda entry: entry[0])
        says = N_(
            "“{what:term}” answers a row in {mine:number} ms instead of {base:number} ms, in {share:percent} of the size, with "
            "the same {score:term}."
        )
        if result.gain.value or result.gain.low or result.gain.high:
            says = N_(
                "“{what:term}” answers a row in {mine:number} ms instead of {base:number} ms, in {share:percent} of the size; "
                "the {score:term} changes by {low:number} to {high:number}."
            )
        numbers: dict[str, Value] = {
            "what": variant.says,
            "mine": mine,
            "base": base,
            "times": times,
            "bytes": variant.bytes,
            "share": variant.bytes / whole,
            "score": p.says,
            "gain": result.gain.value,
            # A sentence has no use for the fifth decimal of a score.
            "low": round(result.gain.low, 4),
            "high": round(result.gain.high, 4),
            "apart": variant.apart,
        }
        found.append(loose(FASTER, says, numbers, weight=0.5))
    if p.online is not None:
        found.append(_moving(p.online))
    if p.uploaded is not None and p.uploaded.latency:
        found.append(_served(p.uploaded))
    return found


def _worse(p: Deployment, variant: Variant, result: Result, times: float, share: float) -> Finding:
    says = N_(
        "“{what:term}” answers {times:number} times as fast in {share:percent} of the size, but the {score:term} is worse by "
        "{least:number} to {most:number}."
    )
    numbers: dict[str, Value] = {
        "what": variant.says,
        "times": times,
        "share": share,
        "score": p.says,
        "least": round(-result.gain.high, 4),
        "most": round(-result.gain.low, 4),
    }
    return loose(WORSE, says, numbers, weight=0.4)


def _moving(found: Online) -> Finding:
    fixed, moving = float(np.mean(found.fixed)), float(np.mean(found.online))
    numbers: dict[str, Value] = {
        "fixed": fixed,
        "online": moving,
        "rows": found.rows,
        "gain": found.gain.value,
        "low": found.gain.low,
        "high": found.gain.high,
    }
    # One point of a share, one hundredth of the spread: less is not worth a learner that moves.
    if found.gain.low > 0 and found.gain.value >= 0.01:
        says = N_(
            "A learner that goes on learning errs less: {online:number} instead of {fixed:number} of the target's spread on "
            "{rows:count} later rows."
        )
        if found.higher:
            says = N_(
                "A learner that goes on learning is right in {online:percent} of {rows:count} later rows, one left as it was in "
                "{fixed:percent} (better by {low:points} to {high:points} points)."
            )
        return loose(MOVING, says, numbers, weight=min(1.0, found.gain.value))
    says = N_("No gain from learning on: its error changes by {low:number} to {high:number} of the target's spread.")
    if found.higher:
        says = N_(
            "No gain from learning on: right in {online:percent} of {rows:count} later rows, left as it was in {fixed:percent}."
        )
    return loose(STILL, says, numbers, weight=0.2)


def _served(found: Uploaded) -> Finding:
    first, last = found.latency[0], found.latency[-1]
    says = N_(
        "{file:name} answers one row in {p50:number} ms (99 of 100 within {p99:number} ms), and {rows:count} rows at once in "
        "{all:number} ms."
    )
    numbers: dict[str, Value] = {
        "file": found.file,
        "bytes": found.bytes,
        "p50": first.p50,
        "p95": first.p95,
        "p99": first.p99,
        "rows": last.batch,
        "all": last.p50,
    }
    return loose(SERVED, says, numbers, weight=0.3)
