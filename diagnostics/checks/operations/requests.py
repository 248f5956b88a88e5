"""Requests in the log: how many fail, how long they take, how many come, and since when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.causes.catalogue import ERROR_BURST, LATENCY_REGRESSION
from diagnostics.checks.operations.metrics.series import Meaning, Series
from diagnostics.checks.operations.metrics.shifts import Shift, by_chance, shifts, thin
from diagnostics.checks.operations.reading.scan import LogScan, length_of, scan
from diagnostics.nouns.cause_kind import CauseKind
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Failing(Entry):
    """Requests that the server answered with a status of 500 or more. before: None when they failed from the start."""

    failed: int = shown(N_("Requests that failed"), Unit.COUNT)
    requests: int = shown(N_("Requests"), Unit.COUNT)
    share: float = shown(N_("Share of them that failed"), Unit.SHARE)
    before: float | None = shown(N_("Share that failed before"), Unit.SHARE, optional=True)
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    cause: CauseKind = ERROR_BURST


@dataclass(frozen=True, kw_only=True)
class Slower(Entry):
    """before, after: medians of the 95th percentile of each stretch of time, in milliseconds."""

    before: float = shown(N_("Time of the slowest twentieth before (ms)"))
    after: float = shown(N_("Time of the slowest twentieth since then (ms)"))
    median_after: float = shown(N_("Median time since then (ms)"))
    requests: int = shown(N_("Requests"), Unit.COUNT)
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)
    cause: CauseKind = LATENCY_REGRESSION


@dataclass(frozen=True, kw_only=True)
class OtherLoad(Entry):
    """before, after: requests a minute."""

    before: float = shown(N_("Requests a minute before"))
    after: float = shown(N_("Requests a minute since then"))
    since: datetime | None = shown(N_("Since when"), Unit.TIME)
    until: datetime | None = shown(N_("Until when"), Unit.TIME)


def _say_failing(entry: Failing) -> str:
    if entry.before is None:
        return N_("{share:percent} of the {requests:count} requests in the log failed (status 500 or above).")
    if entry.until is None:
        return N_(
            "{share:percent} of the requests fail since {since:time} (status 500 or above), {before:percent} failed before."
        )
    return N_(
        "{share:percent} of the requests failed from {since:time} to {until:time} (status 500 or above), "
        "{before:percent} failed before."
    )


def _say_slower(entry: Slower) -> str:
    if entry.until is None:
        return N_("Requests became slower on {since:time}: 5% of them took {before:number} ms or more, now {after:number} ms.")
    return N_(
        "Requests were slower from {since:time} to {until:time}: 5% of them took {after:number} ms or more, "
        "{before:number} ms before."
    )


def _say_load(entry: OtherLoad) -> str:
    if entry.after > entry.before:
        return N_("Requests rose from {before:number} to {after:number} a minute on {since:time}.")
    return N_("Requests fell from {before:number} to {after:number} a minute on {since:time}.")


FAILING: Final = Rule[Failing](
    code="OPS016",
    lane=Lane.ERRORS,
    title=N_("Requests fail"),
    says=_say_failing,
    why=N_("Each of these requests ended without the model's answer."),
    remedy=N_("Read the log at its beginning for the first new error, and compare with what was deployed."),
    statistic=N_("Share of failed requests: of the answers in a stretch of time, those with a status of 500 or above."),
    source="Kulldorff 1997, A spatial scan statistic, doi:10.1080/03610929708831995; RFC 9110, section 15.6",
    severity=Severity.CRITICAL,
    suggests=ERROR_BURST,
    thresholds={
        "least": Shown(N_("Failed requests that are needed"), Unit.COUNT),
        "share_at": Shown(N_("Share of failed requests that counts"), Unit.SHARE),
        "critical_at": Shown(N_("Failed requests that are called critical"), Unit.COUNT),
    },
)
SLOWER: Final = Rule[Slower](
    code="OPS017",
    lane=Lane.METRIC,
    title=N_("Requests became slower"),
    says=_say_slower,
    why=N_("Whoever waits too long gives up or takes a default answer; callers time out and ask again, which adds load."),
    remedy=N_("Compare its beginning with deploys, the load and the time to fetch features; profile one slow request."),
    statistic=N_("95th percentile: the time that the slowest twentieth of the requests of a stretch of time reached."),
    source="Dean and Barroso 2013, doi:10.1145/2408776.2408794",
    severity=Severity.CRITICAL,
    suggests=LATENCY_REGRESSION,
    thresholds={
        "slower_at": Shown(N_("Times its level before that counts as slower"), Unit.NUMBER),
        "noticed_at": Shown(N_("Milliseconds that it must reach"), Unit.NUMBER),
    },
)
LOAD: Final = Rule[OtherLoad](
    code="OPS018",
    lane=Lane.METRIC,
    title=N_("More or fewer requests come"),
    says=_say_load,
    why=N_("More load explains slow answers; requests that stop coming show that callers cannot reach the service."),
    remedy=N_("Compare with what callers do, and with the load balancer in front of the service."),
    statistic=N_("Requests a minute: the median of a stretch of time before and after it changed."),
    source="Beyer et al. 2016, Site Reliability Engineering, chapter 6",
    severity=Severity.INFO,
)
RULES: Final = (FAILING, SLOWER, LOAD)

BINS_CAP: Final = 300
PER_BIN: Final = 20
"""Requests that a stretch of time should hold, so that its 95th percentile is one of them and not the largest."""


@dataclass(frozen=True)
class Window:
    """A stretch of bins (begin, end) in which more requests fail than outside. excess: log-likelihood ratio."""

    begin: int
    end: int
    excess: float


@dataclass(frozen=True)
class Requests:
    """times: beginning of each bin, shape (n_bins,); width: minutes of a bin; requests, failed: per bin, shape (n_bins,).

    half, slow: median and 95th percentile of the milliseconds of each bin, NaN where no request says how long it took.
    """

    times: tuple[datetime, ...]
    width: float
    requests: NDArray[np.int64]
    failed: NDArray[np.int64]
    half: NDArray[np.float64]
    slow: NDArray[np.float64]
    worst: Window | None
    slower: tuple[Shift, ...]
    load: tuple[Shift, ...]

    def moment(self, position: int) -> datetime | None:
        return self.times[position] if position < len(self.times) else None


def profile(incident: Incident) -> Requests:
    """Raises NotApplicable without a log, or without requests and times in it."""
    return of(scan(incident))


def of(p: LogScan, *, least: int = 20) -> Requests:
    """Raises NotApplicable for a log with fewer than `least` requests at known times."""
    bins = p.traffic.bins
    total = sum(count for _, count, _ in bins)
    if total < least:
        raise NotApplicable(N_("The log shows no requests with their times, so their course cannot be told."), needs="logs")
    first, last = bins[0][0], bins[-1][0]
    wanted = min(BINS_CAP, max(1, total // PER_BIN))
    step = max(1, -(-(last - first + 1) // wanted))
    n_bins = (last - first) // step + 1
    requests, failed = np.zeros(n_bins, dtype="int64"), np.zeros(n_bins, dtype="int64")
    for number, count, bad in bins:
        requests[(number - first) // step] += count
        failed[(number - first) // step] += bad
    steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, length, count in p.traffic.took:
        steps[(number - first) // step].append((length, count))
    half, slow = np.full(n_bins, np.nan), np.full(n_bins, np.nan)
    for position, told in steps.items():
        half[position], slow[position] = _quantile(told, 0.5), _quantile(told, 0.95)
    times = tuple(p.when(first + i * step) for i in range(n_bins))
    minutes = step * p.width / 60
    # The last bin is cut by the end of the log, and its load says nothing.
    load = _shifted(times[:-1], requests[:-1] / minutes, requests[:-1] >= 0, "requests", Meaning.OTHER)
    return Requests(
        times=times,
        width=minutes,
        requests=requests,
        failed=failed,
        half=half,
        slow=slow,
        worst=_worst(requests, failed),
        slower=_shifted(times, slow, np.isfinite(slow) & (requests >= PER_BIN // 4), "latency", Meaning.LATENCY),
        load=load,
    )


def _quantile(told: list[tuple[int, int]], share: float) -> float:
    told = sorted(told)
    passed = np.cumsum([count for _, count in told])
    return length_of(told[int(np.searchsorted(passed, share * passed[-1]))][0])


def _shifted(
    times: tuple[datetime, ...], values: NDArray[np.float64], known: NDArray[np.bool_], name: str, meaning: Meaning
) -> tuple[Shift, ...]:
    """Changes of level, as those of a metric."""
    if known.sum() < 12:
        return ()
    when = np.array(times, dtype="datetime64[us]")[known]
    series = Series(name, "", meaning, when, values[known], None)
    return tuple(shift for shift in shifts(thin(series)) if not by_chance(series, shift))


def _worst(requests: NDArray[np.int64], failed: NDArray[np.int64]) -> Window | None:
    """The stretch in which the share of failed requests stands out most: Kulldorff's scan statistic for binomials."""
    total, bad = int(requests.sum()), int(failed.sum())
    if not bad or bad == total or requests.size < 2:
        return None
    n = np.concatenate([[0], np.cumsum(requests)])
    c = np.concatenate([[0], np.cumsum(failed)])
    inside, hit = n[None, :] - n[:, None], c[None, :] - c[:, None]
    outside, rest = total - inside, bad - hit
    some = (inside > 0) & (outside > 0) & (hit * outside > rest * inside)
    gain = np.where(some, _loglike(hit, inside) + _loglike(rest, outside), -np.inf)
    place = int(np.argmax(gain))
    if not np.isfinite(gain.flat[place]):
        return None
    begin, end = divmod(place, gain.shape[1])
    return Window(begin, end, float(gain.flat[place] - _loglike(np.array(bad), np.array(total))))


def _loglike(hit: NDArray[np.int64], of_all: NDArray[np.int64]) -> NDArray[np.float64]:
    share = np.clip(hit / np.maximum(of_all, 1), 1e-12, 1 - 1e-12)
    return np.asarray(hit * np.log(share) + (of_all - hit) * np.log1p(-share))


def judge(
    p: Requests,
    *,
    least: int = 10,
    share_at: float = 0.02,
    excess_at: float = 15.0,
    times_at: float = 3.0,
    always_at: float = 0.05,
    critical_at: int = 20,
    slower_at: float = 1.5,
    noticed_at: float = 50.0,
    shown: int = 3,
) -> list[Finding]:
    """Requests fail more in a stretch of time when `least` of them do, they are `share_at` of the requests there and `times_at`
    the share outside, and the log-likelihood ratio passes `excess_at` (of 45,000 stretches that chance alone offers, the largest
    passes 12 once in a hundred logs; failures that come in clumps need more). From `always_at` of all on they are told without a
    beginning; from `critical_at` failed requests on they are critical.

    A twentieth of the requests is slower from `slower_at` times its level before on, when it reaches `noticed_at` milliseconds.
    """
    findings: list[Finding] = []
    total, bad = int(p.requests.sum()), int(p.failed.sum())
    at = p.worst
    dated = None
    if at is not None:
        inside, hit = int(p.requests[at.begin : at.end].sum()), int(p.failed[at.begin : at.end].sum())
        before = (bad - hit) / max(1, total - inside)
        share = hit / max(1, inside)
        if hit >= least and share >= share_at and at.excess >= excess_at and share >= times_at * before and at.begin > 0:
            dated = Failing(
                weight=share,
                failed=hit,
                requests=inside,
                share=share,
                before=before,
                since=p.moment(at.begin),
                until=p.moment(at.end),
            )
    if dated is not None:
        findings.append(FAILING.found(dated, severity=_severity(dated.failed, critical_at)))
    elif bad >= least and bad >= always_at * total:
        throughout = Failing(weight=bad / total, failed=bad, requests=total, share=bad / total, since=None, until=None)
        findings.append(FAILING.found(throughout, severity=_severity(bad, critical_at)))
    for shift in sorted(p.slower, key=lambda s: (-s.size, s.since))[:shown]:
        if shift.after < max(noticed_at, slower_at * max(shift.before, shift.usual)):
            continue
        since = [shift.since <= when and (shift.until is None or when < shift.until) for when in p.times]
        findings.append(
            SLOWER.found(
                Slower(
                    weight=min(1.0, shift.after / max(shift.before, 1.0) / 10),
                    before=shift.before,
                    after=shift.after,
                    median_after=float(np.nanmedian(p.half[since])) if any(since) else shift.after,
                    requests=int(p.requests[since].sum()),
                    since=shift.since,
                    until=shift.until,
                )
            )
        )
    # Load that changes more often than once or twice does so every day.
    for shift in p.load if len(p.load) < shown else ():
        findings.append(
            LOAD.found(
                OtherLoad(
                    weight=min(1.0, shift.size / 100),
                    before=shift.before,
                    after=shift.after,
                    since=shift.since,
                    until=shift.until,
                )
            )
        )
    return findings


def _severity(failed: int, critical_at: int) -> Severity:
    return Severity.CRITICAL if failed >= critical_at else Severity.WARNING
