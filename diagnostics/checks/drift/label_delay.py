"""Labels that are not final: the latest ones still lack what comes late, or they stand beside the wrong rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.checks.drift.label_lag import Shifted, shifted
from diagnostics.checks.drift.ripening import Ripening, Rows, ratio, ripening
from diagnostics.measure.onset import as_datetime
from diagnostics.measure.outcome import Outcome, partial
from diagnostics.measure.samples import samples, times
from diagnostics.measure.surrogate import stand_in
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_

IMMATURE: Final = Rule(
    code="DRF034",
    lane=Lane.DATA,
    title=N_("Recent labels are not final"),
    why=N_(
        "What comes late (a default, a cancellation, a payment) is still missing in the latest labels: the model looks wrong."
    ),
    remedy=N_("Wait: judge the model only on rows older than the time shown, and store with each label when it became final."),
    statistic=N_("True cases per case that the model expects, row by row towards the end of the table."),
    source="Chapelle 2014, Modeling delayed feedback in display advertising, doi:10.1145/2623330.2623634; Plasse and Adams 2016",
)
MISALIGNED: Final = Rule(
    code="DRF035",
    lane=Lane.DATA,
    title=N_("Labels stand beside other rows"),
    why=N_("The labels fit the predictions of rows further up or down: they were joined with a shifted index or a wrong period."),
    remedy=N_("Join labels to predictions by id instead of by position, and join the rows since the date shown again."),
    statistic=N_("Correlation of the label with the prediction of the same row, and of the row so many places away."),
    source="Box, Jenkins, Reinsel, Ljung 2015, Time Series Analysis, section 12.1 (cross-correlation)",
)
PENDING: Final = Rule(
    code="DRF036",
    lane=Lane.DATA,
    title=N_("Recent labels have not arrived"),
    why=N_("The latest rows have fewer and fewer labels, and those that come first are seldom typical."),
    remedy=N_("Judge the model only on rows old enough for their label to be final, and say so on the dashboard."),
    statistic=N_("Share of rows with a label, towards the end of the table."),
    source="Plasse and Adams 2016, doi:10.1109/DSAA.2016.69",
    severity=Severity.INFO,
)
RULES: Final = (IMMATURE, MISALIGNED, PENDING)

LEAST: Final = 50
"""Rows with label and expectation on either side."""

PARTS: Final = 20
"""Parts of equal size into which the current rows are cut, in order of time, for the picture."""


@dataclass(frozen=True)
class Pending:
    """Share of rows with a label in the first half, and at the end; since: from when on they get fewer."""

    before: float
    last: float
    share: float
    since: datetime | None


@dataclass(frozen=True)
class LabelDelay:
    """target: name of the label. when, ripe: middle of each of 20 parts of the current rows in time, and true per expected."""

    target: str
    ripening: Ripening | None
    shifted: Shifted | None
    pending: Pending | None
    when: tuple[datetime, ...]
    ripe: tuple[float, ...]


def profile(incident: Incident) -> LabelDelay:
    """Raises NotApplicable without both tables, a target in both, or times in current; or with fewer than 50 labels a side."""
    drawn = samples(incident)
    target = incident.role("target")
    when = times(drawn.current, incident.role("timestamp"))
    if target not in drawn.reference or target not in drawn.current:
        raise NotApplicable(N_("The current table has no labels yet."), needs="target")
    if when is None or np.isnat(when).all():
        raise NotApplicable(N_("The current table has no times, so nobody can tell which labels are recent."), needs="timestamp")
    order = np.argsort(when, kind="stable")
    order = order[~np.isnat(when[order])]
    pending = _pending(drawn.current[target].iloc[order], when[order])
    known = partial(incident, drawn)
    views = _views(incident, known)
    kept = order if known.truth.current is None else order[pd.notna(known.truth.current[order])]
    clock = when[kept]
    ripe: Ripening | None = None
    lagged: Shifted | None = None
    curve: NDArray[np.float64] = np.empty(0)
    for wanted, sides in views:
        old = Rows(*_finite(sides.reference.truth, sides.reference.told))
        new = Rows(sides.current.truth[kept], sides.current.told[kept])
        if min(old.truth.size, new.truth.size) < LEAST:
            continue
        if wanted is None:
            # One huge amount must not outweigh a hundred others.
            top = float(np.quantile(old.truth, 0.99))
            old, new = (Rows(np.minimum(side.truth, top), side.told) for side in (old, new))
        new = Rows(new.truth, np.nan_to_num(_calibrated(old, new.told), nan=float(np.mean(old.truth))))
        old = Rows(old.truth, _calibrated(old, old.told))
        found = ripening(wanted, old, new, clock)
        if found is not None and (ripe is None or found.level + found.slope > ripe.level + ripe.slope):
            ripe, curve = found, _curve(new)
        if lagged is None:
            lagged = shifted(old, new, clock)
            curve = curve if curve.size else _curve(new)
    if not curve.size and pending is None:
        raise NotApplicable(
            N_("Fewer than {least:count} rows with a label in both tables: too few to see labels ripen."),
            needs="target",
            least=LEAST,
        )
    middles = [part[part.size // 2] for part in np.array_split(clock, PARTS)] if curve.size else []
    return LabelDelay(target, ripe, lagged, pending, tuple(as_datetime(m) for m in middles), tuple(float(v) for v in curve))


def _views(incident: Incident, known: Outcome) -> list[tuple[str | None, Sides[Rows]]]:
    """Truth and expectation as numbers: one view per class that may come late, or the amounts."""
    truth = known.truth
    if truth.reference is None or truth.current is None:
        return []
    answers, form = known.answers, known.answer
    if answers.reference is None or answers.current is None:
        try:
            stand = stand_in(incident)
        except NotApplicable:
            return []
        drawn = samples(incident)
        form = stand.outcome.answer
        # Only rows that the stand-in was not fitted on show how right it is.
        truth = Sides(truth.reference[stand.held], truth.current)
        answers = Sides(stand.answers(drawn.reference.iloc[stand.held]), stand.answers(drawn.current))
    if known.task is Task.REGRESSION:
        pairs = [
            Rows(np.asarray(t, "float64"), np.asarray(a, "float64"))
            for t, a in ((truth.reference, answers.reference), (truth.current, answers.current))
        ]
        return [(None, Sides(pairs[0], pairs[1]))]
    views: list[tuple[str | None, Sides[Rows]]] = []
    for name in _late_classes(known):
        sides = []
        for t, a in ((truth.reference, answers.reference), (truth.current, answers.current)):
            if a is None:
                return []
            told = a.astype("float64") if form is Answer.SCORE else (a == name).astype("float64")
            if form is Answer.SCORE and name != known.positive:
                told = 1 - told
            sides.append(Rows(np.where(pd.notna(t), t == name, np.nan).astype("float64"), told))
        views.append((name, Sides(sides[0], sides[1])))
    return views


def _late_classes(known: Outcome) -> Sequence[str]:
    """What comes late is the event: the stated class; else of two classes the rarer, of more any but the commonest."""
    if known.positive is not None:
        return (known.positive,)
    truth = known.truth.reference
    counts = pd.Series(truth).value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [str(name) for name, _ in ordered[1:6]]


def _finite(truth: NDArray[np.float64], told: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = np.isfinite(truth) & np.isfinite(told)
    return truth[both], told[both]


def _calibrated(old: Rows, told: NDArray[np.float64]) -> NDArray[np.float64]:
    """What such an answer came to in the reference, on average: means over at most 20 groups of like answers."""
    edges = np.unique(np.quantile(old.told, np.linspace(0, 1, 21)[1:-1]))
    groups = np.searchsorted(edges, old.told, side="right")
    count = np.bincount(groups, minlength=edges.size + 1)
    total = np.bincount(groups, weights=old.truth, minlength=edges.size + 1)
    # Drawn to the overall mean by one row, so that no group is 0 or 1 for certain.
    means = (total + float(old.truth.mean())) / (count + 1)
    result = means[np.searchsorted(edges, told, side="right")]
    return np.where(np.isfinite(told), result, np.nan)


def _curve(new: Rows) -> NDArray[np.float64]:
    return np.array([ratio(t, e) for t, e in zip(np.array_split(new.truth, PARTS), np.array_split(new.told, PARTS), strict=True)])


def _pending(labels: pd.Series, clock: NDArray[np.datetime64]) -> Pending | None:
    """Labels that get fewer towards the end."""
    there = labels.notna().to_numpy().astype("float64")
    n = there.size
    if n < LEAST or not 0 < there.sum() < n:
        return None
    before = float(there[: n // 2].mean())
    last = float(there[-max(10, n // 20) :].mean())
    lack = np.cumsum((before - there)[::-1])[::-1] / np.sqrt(np.arange(n, 0, -1))
    start = int(np.argmax(lack))
    return Pending(before, last, (n - start) / n, as_datetime(clock[start]))


def judge(
    p: LabelDelay,
    *,
    level_at: float = 8.0,
    slope_at: float = 4.0,
    last_at: float = 0.7,
    gone_at: float = 0.15,
    cases_at: float = 10.0,
    moved_at: float = 0.5,
    pending_at: float = 0.5,
) -> list[Finding]:
    """Labels ripen when a lack up to the last row explains them `level_at` nats better than no change, and when the lack grows
    (`slope_at` nats better than one level, less than `last_at` of the expected at the end) or next to nothing is left
    (`gone_at` of at least `cases_at` expected cases). A change that stays level is a change of the relation, and one that the
    answers share (`moved_at` of what other rows would have done to them) is one of the rows. Labels that change both ways are
    noise or drift: where the model expects least, no more may come than elsewhere.

    Four nats are the 0.5% point of a chi-square with one degree of freedom, eight pass for the choice of the beginning.
    """
    findings = []
    r = p.ripening
    if r is not None and r.level + max(0.0, r.slope) >= level_at and r.even <= 2.5 and r.moved <= moved_at:
        enough = r.expected >= cases_at
        steep = r.slope >= slope_at and r.last <= last_at and r.last < r.first
        # Hardly anything is left at the end of the table, and clearly more before it.
        low = r.last <= 0.25 and r.first >= 2 * r.last and r.level >= 1.5 * level_at
        sinks = low and r.slope >= (slope_at / 8 if r.first < 3 * r.last else -slope_at / 8)
        gone = r.last <= gone_at and r.first <= 2 * gone_at
        if enough and (steep or sinks or gone):
            findings.append(_immature(p.target, r))
    s = p.shifted
    if (
        s is not None
        and not findings
        and s.same <= 0.5 * s.usual
        and s.there >= max(0.5 * s.usual, 1.7 * s.noise)
        and s.there - s.same >= max(0.1, 0.4 * s.usual)
    ):
        findings.append(
            loose(
                MISALIGNED,
                N_(
                    "Labels in {column:name} fit the predictions {rows:count} rows away (correlation {there:number}), "
                    "not their own ({same:number}); in the reference they fit their own ({usual:number})."
                ),
                {
                    "column": p.target,
                    "lag": s.lag,
                    "rows": abs(s.lag),
                    "there": s.there,
                    "same": s.same,
                    "usual": s.usual,
                    "share": s.share,
                },
                (p.target,),
                Severity.CRITICAL,
                weight=float(np.clip(s.there - s.same, 0, 1)),
                since=s.since,
            )
        )
    w = p.pending
    if w is not None and w.last <= pending_at * w.before and w.before - w.last >= 0.2:
        findings.append(
            loose(
                PENDING,
                N_("{after:percent} of the latest rows have a label in {column:name}, of the earlier ones {before:percent}."),
                {"column": p.target, "before": w.before, "after": w.last, "share": w.share},
                (p.target,),
                weight=float(np.clip(w.share * (w.before - w.last), 0, 1)),
                since=w.since,
            )
        )
    return findings


def _immature(target: str, r: Ripening) -> Finding:
    if r.wanted is None:
        says = N_(
            "The latest amounts in {column:name} fall to {last:percent} of what the model expects, while its answers hold: "
            "they are still growing."
        )
    else:
        says = N_(
            "In the latest rows {column:name} is {wanted:name} only {last:percent} as often as the model expects, while its "
            "answers hold: many are not known yet."
        )
    return loose(
        IMMATURE,
        says,
        {
            "column": target,
            "wanted": r.wanted,
            "share": r.share,
            "before": r.before,
            "first": r.first,
            "last": r.last,
            "level": r.level,
            "slope": r.slope,
            "expected": r.expected,
            "moved": r.moved,
        },
        (target,),
        Severity.CRITICAL if r.share * (1 - r.last) >= 0.2 else Severity.WARNING,
        weight=float(np.clip(r.share * (1 - r.last), 0, 1)),
        since=r.since,
    )
