"""Resources: whether a described model fits, what takes the memory, what to change, and what a processor can measure of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from diagnostics.clinic.resources.measured import Trial, numbers_of, remedies, trials
from diagnostics.clinic.resources.model import (
    GB,
    SERVED_BYTES,
    Change,
    Described,
    Kind,
    Parts,
    changes,
    parameters,
    plan_to_fit,
    serving,
    training,
)
from diagnostics.clinic.resources.rules import (
    FITS,
    MEASURED,
    MISFIT,
    RULES,
    UNSERVED,
    MeasuredStep,
    ServingMemory,
    TrainingMemory,
)
from diagnostics.clinic.shared.compare import Compared, Progress, compare, ignore_progress
from diagnostics.clinic.shared.scores import metric_for
from diagnostics.clinic.shared.training_set import Described as Rows
from diagnostics.clinic.shared.training_set import sample_rows, training_set
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.words import N_

__all__ = ["RULES", "Resources", "Settings", "judge", "profile"]

TRIED_ROWS: Final = 2_000
LARGEST: Final = 10**7
"""No setting may be larger: sums of larger ones say nothing any more."""


@dataclass(frozen=True)
class Settings:
    """Which model to plan for."""

    model: Described = field(default_factory=Described)
    """The model described."""

    measure: bool = True
    """Whether something is also measured here."""

    rows: int = TRIED_ROWS
    """Rows drawn from the table at most."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Memory by formulas, and what was measured here."""

    model: Described
    parameters: int
    training: Parts
    serving: Parts
    changes: tuple[Change, ...]
    plan: tuple[str, ...]
    """Names of the changes that make training fit, in their order."""

    planned: float
    """Bytes with them."""

    trials: tuple[Trial, ...]
    """Measured steps."""

    own: bool
    """Whether they were measured on the user's rows."""

    compared: Compared | None
    """Scores with the changes on held-out rows; None without a table."""

    data: Rows | None
    """None without a table."""

    why: str
    """Message id of the reason why there is no table, "" where there is one or nothing was measured."""

    @property
    def fits(self) -> bool:
        return self.training.total <= self.model.memory * GB


def check_model(m: Described) -> Described:
    """Raises NotApplicable, in one sentence, for a model that cannot be."""
    counts = {
        N_("layers"): m.layers,
        N_("width"): m.hidden,
        N_("heads"): m.heads,
        N_("sequence"): m.sequence,
        N_("vocabulary"): m.vocabulary,
        N_("inputs"): m.inputs,
        N_("side of the image"): m.image,
        N_("channels"): m.channels,
        N_("batch"): m.batch,
        N_("parts of a batch"): m.accumulation,
        N_("devices"): m.devices,
        N_("devices of a layer"): m.tensor,
        N_("batch in service"): m.served_batch,
    }
    for name, value in counts.items():
        if not 1 <= value <= LARGEST:
            raise NotApplicable(
                N_("“{what:term}” must be between 1 and {most:count}, got {value:number}."), what=name, most=LARGEST, value=value
            )
    if m.kind is Kind.TRANSFORMER and m.hidden % m.heads:
        raise NotApplicable(
            N_("The width ({width:count}) must be a multiple of the heads ({heads:count})."), width=m.hidden, heads=m.heads
        )
    if m.kind is Kind.CNN and m.layers > 12:
        raise NotApplicable(N_("A picture can be halved at most 12 times, got {layers:count} stages."), layers=m.layers)
    if m.kind is not Kind.CNN and m.layers > 10_000:
        raise NotApplicable(N_("At most 10,000 layers can be reckoned with, got {layers:count}."), layers=m.layers)
    if m.accumulation > m.batch:
        raise NotApplicable(
            N_("A batch of {batch:count} rows cannot be cut into {parts:count} parts."), batch=m.batch, parts=m.accumulation
        )
    if not 0 < m.memory <= 100_000 or not 0 <= m.reserve <= m.memory:
        raise NotApplicable(N_("The device needs a memory above 0 GB, and the framework cannot take more than all of it."))
    if not 0 <= m.pruned < 1 or not 0 <= m.zero <= 3 or m.served not in SERVED_BYTES:
        raise NotApplicable(N_("The share pruned must be below 1, the ZeRO stage 0 to 3 and the precision a known one."))
    return m


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = ignore_progress) -> Resources:
    """Raises NotApplicable for a model that cannot be. Without a table, steps are measured on made-up rows."""
    m = check_model(settings.model)
    on_progress(0.0, N_("Adding up"))
    plan, planned = plan_to_fit(m)
    tried: tuple[Trial, ...] = ()
    compared, described, why, own = None, None, "", False
    if settings.measure:
        rows = np.random.default_rng(incident.seed).normal(size=(1000, 20))
        try:
            data = sample_rows(training_set(incident, rows=settings.rows), TRIED_ROWS, seed=incident.seed)
        except NotApplicable as reason:
            why = reason.reason if not reason.values else N_("The table could not be learnt from.")
            data = None
        if data is not None:
            rows, own, described = numbers_of(data), True, data.described
        tried = trials(rows, lambda share, what="", so_far=None: on_progress(0.05 + 0.35 * share, what))
        if data is not None:
            before, others = remedies()
            compared = compare(
                data,
                before,
                others,
                metric_for(data.task),
                repeats=1,
                seed=incident.seed,
                on_progress=lambda share, what="", so_far=None: on_progress(0.4 + 0.6 * share, what),
            )
    return Resources(
        model=m,
        parameters=parameters(m),
        training=training(m),
        serving=serving(m),
        changes=changes(m),
        plan=plan,
        planned=planned,
        trials=tried,
        own=own,
        compared=compared,
        data=described,
        why=why,
    )


PLAN: Final = {
    "mixed": N_("mixed precision"),
    "selective": N_("selective checkpointing"),
    "accumulation": N_("gradient accumulation"),
    "full": N_("full checkpointing"),
    "zero": N_("ZeRO stage 3"),
    "tensor": N_("tensor parallelism"),
}


def judge(p: Resources, *, full_at: float = 1.0) -> list[Finding]:
    """full_at: share of the device's memory above which it does not fit."""
    findings: list[Finding] = []
    memory = full_at * p.model.memory * GB
    plan = tuple(dict.fromkeys(PLAN[name] for name in p.plan))
    if p.training.total <= memory:
        findings.append(FITS.found(_training_memory(p, weight=0.5)))
    elif p.planned <= memory:
        findings.append(MISFIT.found(_training_memory(p, plan, weight=1.0)))
    else:
        findings.append(MISFIT.found(_training_memory(p, weight=1.0)))
    if p.serving.total > memory:
        findings.append(UNSERVED.found(ServingMemory(weight=0.9, need=p.serving.total / GB, memory=p.model.memory)))
    if p.trials:
        findings.append(MEASURED.found(_measured_step(p)))
    return findings


def _training_memory(p: Resources, plan: tuple[str, ...] | None = None, *, weight: float) -> TrainingMemory:
    """plan: the changes to name; None for none."""
    return TrainingMemory(
        weight=weight,
        need=p.training.total / GB,
        memory=p.model.memory,
        parameters=p.parameters / 1e6,
        weights=p.training.weights / GB,
        gradients=p.training.gradients / GB,
        optimiser=p.training.optimiser / GB,
        activations=p.training.activations / GB,
        reserve=p.training.reserve / GB,
        planned=p.planned / GB,
        first=None if plan is None else plan[0] if plan else "",
        second=None if plan is None else plan[1] if len(plan) > 1 else "",
        rest=None if plan is None else len(plan) - 2,
    )


def _measured_step(p: Resources) -> MeasuredStep:
    first = p.trials[0]
    least = min(p.trials[1:], key=lambda trial: (trial.bytes if trial.batch == first.batch else np.inf, trial.name))
    return MeasuredStep(
        weight=0.1,
        what=least.says,
        times=least.bytes / max(1, first.bytes),
        longer=least.seconds / first.seconds,
        bytes=first.bytes / 2**20,
        seconds=first.seconds,
        rows=first.batch,
    )
