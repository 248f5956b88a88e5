"""Labels that are not final: the latest ones still lack what comes late, or they stand beside the wrong rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.catalogue import LABEL_DELAY
from diagnostics.checks.drift.label_delay.lag import Shifted, shifted
from diagnostics.checks.drift.label_delay.ripening import Ripening, Rows, ratio, ripening
from diagnostics.measure.onset import as_datetime
from diagnostics.measure.outcome import Outcome, partial
from diagnostics.measure.samples import samples, times
from diagnostics.measure.surrogate import stand_in
from diagnostics.nouns import intervals
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import ColumnEntry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Answer, Incident, Sides, Task
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Immature(ColumnEntry):
    """A `Ripening` that is told."""

    wanted: str | None = shown(N_("Class that comes late"), Unit.NAME)
    """None for amounts."""

    share: float = shown(N_("Share of the current rows concerned"), Unit.SHARE)
    before: float = shown(N_("True cases per expected case before these rows"), Unit.SHARE)
    first: float = shown(N_("True cases per expected case in the first of these rows"), Unit.SHARE)
    last: float = shown(N_("True cases per expected case in the last of these rows"), Unit.SHARE)
    level: float
    slope: float
    expected: float = shown(N_("Cases expected in these rows"))
    moved: float


@dataclass(frozen=True, kw_only=True)
class Misaligned(ColumnEntry):
    """A `Shifted` that is told."""

    lag: int
    rows: int = shown(N_("Rows between label and prediction"), Unit.COUNT)
    there: float = shown(N_("Correlation with the predictions that many rows away"))
    same: float = shown(N_("Correlation with the predictions of the same rows"))
    usual: float = shown(N_("Correlation in the reference"))
    share: float = shown(N_("Share of the current rows concerned"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class NotArrived(ColumnEntry):
    """Labels that get fewer towards the end."""

    before: float = shown(N_("Earlier rows with a label"), Unit.SHARE)
    after: float = shown(N_("Latest rows with a label"), Unit.SHARE)
    share: float = shown(N_("Share of the current rows concerned"), Unit.SHARE)


def _immature_says(entry: Immature) -> str:
    if entry.wanted is None:
        return N_(
            "The latest amounts in {column:name} fall to {last:percent} of what the model expects, while its answers hold: "
            "they are still growing."
        )
    return N_(
        "In the latest rows {column:name} is {wanted:name} only {last:percent} as often as the model expects, while its "
        "answers hold: many are not known yet."
    )


HALF: Final = 0.5
"""Labels of the latest rows, as a share of the earlier rows', from which on those that came are too few to judge the model by.
Chosen on benchmarks/incidents.
"""


def _pending_cause(entry: NotArrived) -> CauseKind | None:
    """With half of the labels gone, the latest error is that of the labels that come first; with fewer gone, it is only noted."""
    return LABEL_DELAY if entry.after <= HALF * entry.before else None


IMMATURE: Final = Rule[Immature](
    code="DRF034",
    lane=Lane.DATA,
    title=N_("Recent labels are not final"),
    says=_immature_says,
    why=N_(
        "What comes late (a default, a cancellation, a payment) is still missing in the latest labels: the model looks wrong."
    ),
    remedy=N_("Wait: judge the model only on rows older than the time shown, and store with each label when it became final."),
    statistic=N_("True cases per case that the model expects, row by row towards the end of the table."),
    source="Chapelle 2014, Modeling delayed feedback in display advertising, doi:10.1145/2623330.2623634; Plasse and Adams 2016",
    suggests=LABEL_DELAY,
    clear=0.94,
    thresholds={
        "level_at": Shown(N_("Evidence for a lack of cases that counts, in nats"), Unit.NUMBER),
        "slope_at": Shown(N_("Evidence that the lack grows that counts, in nats"), Unit.NUMBER),
        "last_at": Shown(N_("Cases per expected case, at the end, from which on labels are final"), Unit.SHARE),
        "gone_at": Shown(N_("Cases per expected case that are next to none"), Unit.SHARE),
        "cases_at": Shown(N_("Cases that must be expected"), Unit.COUNT),
        "moved_at": Shown(N_("How far the predictions may share the change"), Unit.SHARE),
        "even_at": Shown(N_("Standard errors by which rows with low expectation may have more cases"), Unit.NUMBER),
        "critical_at": Shown(N_("Share of the labels lacking that is called critical"), Unit.SHARE),
    },
)
MISALIGNED: Final = Rule[Misaligned](
    code="DRF035",
    lane=Lane.DATA,
    title=N_("Labels stand beside other rows"),
    says=N_(
        "Labels in {column:name} fit the predictions {rows:count} rows away (correlation {there:number}), "
        "not their own ({same:number}); in the reference they fit their own ({usual:number})."
    ),
    why=N_("The labels fit the predictions of rows further up or down: they were joined with a shifted index or a wrong period."),
    remedy=N_("Join labels to predictions by id instead of by position, and join the rows since the date shown again."),
    statistic=N_("Correlation of the label with the prediction of the same row, and of the row so many places away."),
    source="Box, Jenkins, Reinsel, Ljung 2015, Time Series Analysis, section 12.1 (cross-correlation)",
    severity=Severity.CRITICAL,
    suggests=LABEL_DELAY,
    clear=0.94,
    thresholds={
        "own_at": Shown(N_("Agreement with their own rows, as a share of the reference's, that is lost"), Unit.SHARE),
        "there_at": Shown(N_("Agreement with other rows, as a share of the reference's, that counts"), Unit.SHARE),
        "noise_at": Shown(N_("How many times more than chance gives the best of all rows"), Unit.NUMBER),
        "beyond_at": Shown(N_("Correlation with other rows less that with their own that counts"), Unit.NUMBER),
    },
)
PENDING: Final = Rule[NotArrived](
    code="DRF036",
    lane=Lane.DATA,
    title=N_("Recent labels have not arrived"),
    says=N_("{after:percent} of the latest rows have a label in {column:name}, of the earlier ones {before:percent}."),
    why=N_("The latest rows have fewer and fewer labels, and those that come first are seldom typical."),
    remedy=N_("Judge the model only on rows old enough for their label to be final, and say so on the dashboard."),
    statistic=N_("Share of rows with a label, towards the end of the table."),
    source="Plasse and Adams 2016, doi:10.1109/DSAA.2016.69",
    severity=Severity.INFO,
    suggests=_pending_cause,
    clear=0.7,
    thresholds={
        "fewer_at": Shown(N_("Share of the rows that must have lost their label"), Unit.SHARE),
    },
)
RULES: Final = (IMMATURE, MISALIGNED, PENDING)

LEAST: Final = 50
"""Rows with label and expectation on either side."""

PARTS: Final = 20
"""Parts of equal size into which the current rows are cut, in order of time, for the picture."""


@dataclass(frozen=True)
class Pending:
    """Labels that get fewer towards the end."""

    before: Interval
    """Share of rows with a label in the first half of the current rows."""

    last: Interval
    """The same at the end."""

    share: float
    """Share of the current rows from `since` on."""

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
    earlier, latest = there[: n // 2], there[-max(10, n // 20) :]
    before, last = (intervals.share(float(side.sum()), side.size) for side in (earlier, latest))
    lack = np.cumsum((before.value - there)[::-1])[::-1] / np.sqrt(np.arange(n, 0, -1))
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
    even_at: float = 2.5,
    critical_at: float = 0.2,
    own_at: float = 0.5,
    there_at: float = 0.5,
    noise_at: float = 1.7,
    beyond_at: float = 0.1,
    fewer_at: float = 0.2,
    sank_at: float = 0.4,
) -> list[Finding]:
    """Labels ripen when a lack up to the last row explains them `level_at` nats better than no change, and when the lack grows
    (`slope_at` nats better than one level, less than `last_at` of the expected at the end) or next to nothing is left
    (`gone_at` of at least `cases_at` expected cases). A change that stays level is a change of the relation, and one that the
    answers share (`moved_at` of what other rows would have done to them) is one of the rows; where the truth itself fell by less
    than `sank_at` of what lacks, the answers rose. Labels that change both ways are
    noise or drift: where the model expects least, no more may come than elsewhere (`even_at` standard errors).

    Labels stand beside other rows when they fit their own no better than `own_at` of what they did, and others by `there_at` of
    that, by `noise_at` times what chance gives the best lag, and by `beyond_at` more than their own. They have not arrived when
    `fewer_at` less of the latest rows have a label than of the earlier ones, with 95% intervals apart.

    Where no source is named, the amounts were chosen on benchmarks/incidents. Four nats are the 0.5% point of a chi-square with
    one degree of freedom, eight pass for the choice of the beginning.
    """
    findings: list[Finding] = []
    r = p.ripening
    if (
        r is not None
        and r.level + max(0.0, r.slope) >= level_at
        and r.even <= even_at
        and r.moved <= moved_at
        and r.sank >= sank_at
    ):
        enough = r.expected >= cases_at
        steep = r.slope >= slope_at and r.last <= last_at and r.last < r.first
        # Hardly anything is left at the end of the table, and clearly more before it.
        low = r.last <= 0.25 and r.first >= 2 * r.last and r.level >= 1.5 * level_at
        sinks = low and r.slope >= (slope_at / 8 if r.first < 3 * r.last else -slope_at / 8)
        gone = r.last <= gone_at and r.first <= 2 * gone_at
        if enough and (steep or sinks or gone):
            severe = r.share * (1 - r.last) >= critical_at
            entry = _immature(p.target, r)
            findings.append(IMMATURE.found(entry, severity=Severity.CRITICAL if severe else Severity.WARNING))
    s = p.shifted
    if (
        s is not None
        and not findings
        and s.same <= own_at * s.usual
        and s.there >= max(there_at * s.usual, noise_at * s.noise)
        and s.there - s.same >= max(beyond_at, 0.4 * s.usual)
    ):
        misaligned = Misaligned(
            since=s.since,
            weight=float(np.clip(s.there - s.same, 0, 1)),
            column=p.target,
            lag=s.lag,
            rows=abs(s.lag),
            there=s.there,
            same=s.same,
            usual=s.usual,
            share=s.share,
        )
        findings.append(MISALIGNED.found(misaligned))
    w = p.pending
    if w is not None and w.before.value - w.last.value >= fewer_at and w.last.high < w.before.low:
        late = NotArrived(
            since=w.since,
            weight=float(np.clip(w.share * (w.before.value - w.last.value), 0, 1)),
            column=p.target,
            before=w.before.value,
            after=w.last.value,
            share=w.share,
        )
        findings.append(PENDING.found(late))
    return findings


def _immature(target: str, r: Ripening) -> Immature:
    return Immature(
        since=r.since,
        weight=float(np.clip(r.share * (1 - r.last), 0, 1)),
        column=target,
        wanted=r.wanted,
        share=r.share,
        before=r.before,
        first=r.first,
        last=r.last,
        level=r.level,
        slope=r.slope,
        expected=r.expected,
        moved=r.moved,
    )
