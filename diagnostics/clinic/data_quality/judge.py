"""Which rules of data quality fire."""

from __future__ import annotations

from diagnostics.clinic.data_quality.leaks import Inflation, Leak, SingleColumn
from diagnostics.clinic.data_quality.result import DataQuality
from diagnostics.clinic.data_quality.rules import (
    APART,
    CONTRADICT,
    DOUBTED,
    FILLED,
    HOLDS,
    LATER,
    NEARLY,
    RELATED,
    REPEATED,
    SCALED,
    TELLING_GAPS,
    Better,
    Contradicting,
    Doubted,
    HoldsTarget,
    NearlyEqual,
    Overstated,
    Repeated,
    StandingApart,
    TellingGap,
)
from diagnostics.clinic.shared.compare import Compared, Result, Verdict
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Rule, Severity


def judge(
    p: DataQuality,
    *,
    copies_at: float = 0.01,
    rows_at: int = 5,
    times_at: float = 5.0,
    apart_at: int = 3,
    gap_at: float = 0.1,
    doubt_at: float = 0.005,
    labels_at: int = 3,
    flattered_at: float = 0.01,
    tells_at: float = 0.85,
    missed_at: float = 0.05,
) -> list[Finding]:
    """Rows that repeat or contradict each other count from a share of `copies_at` and `rows_at` of them on, nearly equal ones
    from `times_at` times as many as by chance on. Rows that stand apart count from `apart_at` of them on, doubtful labels from a
    share of `doubt_at` and `labels_at` of them on; both become warnings where leaving these rows out of the training gains on
    held-out rows. Missing values go with the target from a difference of `gap_at` of its spread on (Cohen 1988 calls 0.2 a small
    effect). A random split overstates the score from `flattered_at` points on.
    A column gives the target away where it scores `tells_at` alone (0 chance, 1 perfect), as DataRobot's target-leakage check
    warns from, and the others are worse without it, beyond chance and by more than `missed_at`.
    Thresholds without a source were chosen by hand.
    """
    found: list[Finding | None] = [
        *(_holding(p, teller, missed_at) for teller in p.tellers[:3] if teller.alone >= tells_at),
        *(_overstated(p, inflation) for inflation in p.inflations if inflation.lost.value >= flattered_at),
        _doubtful(p, doubt_at, labels_at),
        _better(FILLED, p.imputers, p),
        # Measured with another model than the chosen one, it comes last.
        _better(SCALED, p.scaling, p, weight=None if p.scaled_by == p.family else 0.0),
        _repeated(p, copies_at, rows_at),
        _contradicting(p, copies_at, rows_at),
        _nearly_equal(p, copies_at, rows_at, times_at),
        _standing_apart(p, apart_at),
        *_telling_gaps(p, gap_at),
    ]
    return [finding for finding in found if finding is not None]


def _holding(p: DataQuality, teller: SingleColumn, missed_at: float) -> Finding | None:
    without = teller.without
    # A good column among other good ones is no leak: the others must be clearly worse without it.
    if without is None or without.verdict is not Verdict.WORSE or without.gain.value > -missed_at:
        return None
    return HOLDS.found(
        HoldsTarget(
            weight=min(1.0, teller.alone),
            column=teller.column,
            target=p.data.target,
            score=p.says,
            all=without.score.value - without.gain.value,
            left=without.score.value,
            alone=teller.alone,
            low=-without.gain.high,
            high=-without.gain.low,
        )
    )


def _overstated(p: DataQuality, inflation: Inflation) -> Finding | None:
    lost = inflation.lost
    if lost.low <= 0:
        return None
    rule = LATER if inflation.leak is Leak.TIME else RELATED
    return rule.found(
        Overstated(
            weight=min(0.95, 0.5 + lost.value),
            score=p.says,
            easy=inflation.easy.value,
            honest=inflation.honest.value,
            lost=lost.value,
            low=lost.low,
            high=lost.high,
            rows=inflation.rows,
            folds=inflation.folds,
            leak=inflation.leak,
        )
    )


def _doubtful(p: DataQuality, doubt_at: float, labels_at: int) -> Finding | None:
    noise = p.noise
    if noise is None or noise.sure < max(labels_at, doubt_at * noise.rows):
        return None
    result = _result_of(p.compared, "suspects")
    gain = result.gain if result is not None and result.verdict is Verdict.GAIN else None
    return DOUBTED.found(
        Doubted(
            weight=min(0.9, 0.5 + noise.sure / noise.rows),
            sure=noise.sure,
            rows=noise.rows,
            found=noise.found,
            share=noise.share,
            given=noise.suspects[0].given,
            looks=noise.suspects[0].looks,
            score=p.says if gain else None,
            gain=gain.value if gain else None,
            low=gain.low if gain else None,
            high=gain.high if gain else None,
        ),
        severity=Severity.WARNING if gain else None,
    )


def _better(rule: Rule[Better], compared: Compared | None, p: DataQuality, *, weight: float | None = None) -> Finding | None:
    best = compared.best if compared else None
    if compared is None or best is None:
        return None
    return rule.found(
        Better(
            weight=weight if weight is not None else min(0.8, abs(best.gain.value)),
            remedy=best.says,
            score=p.says,
            before=compared.before.score.value,
            after=best.score.value,
            gain=best.gain.value,
            low=best.gain.low,
            high=best.gain.high,
        )
    )


def _repeated(p: DataQuality, copies_at: float, rows_at: int) -> Finding | None:
    seen = p.copies
    if seen.repeated < max(rows_at, copies_at * seen.rows):
        return None
    share = seen.repeated / seen.rows
    return REPEATED.found(Repeated(weight=min(0.4, share), repeated=seen.repeated, rows=seen.rows, share=share))


def _contradicting(p: DataQuality, copies_at: float, rows_at: int) -> Finding | None:
    seen = p.copies
    if seen.conflicts < max(rows_at, copies_at * seen.rows):
        return None
    share = seen.conflicts / seen.rows
    # In a table of few patterns, equal rows are expected: their counts are a contingency table.
    many = seen.patterns >= seen.rows / 2
    return CONTRADICT.found(
        Contradicting(
            weight=min(0.6, share),
            conflicts=seen.conflicts,
            rows=seen.rows,
            share=share,
            patterns=seen.patterns,
            ceiling=seen.ceiling,
            target=p.data.target,
        ),
        severity=Severity.WARNING if many else Severity.INFO,
    )


def _nearly_equal(p: DataQuality, copies_at: float, rows_at: int, times_at: float) -> Finding | None:
    seen = p.copies
    if seen.near < max(rows_at, copies_at * seen.near_rows) or seen.near <= times_at * max(1, seen.by_chance):
        return None
    return NEARLY.found(
        NearlyEqual(weight=min(0.3, seen.near / seen.near_rows), near=seen.near, rows=seen.near_rows, chance=seen.by_chance)
    )


def _standing_apart(p: DataQuality, apart_at: int) -> Finding | None:
    seen = p.outliers
    best = max(
        (r for r in (_result_of(p.compared, "clipped"), _result_of(p.compared, "apart")) if r and r.verdict is Verdict.GAIN),
        key=lambda r: r.gain.value,
        default=None,
    )
    if best is None and seen.rows < apart_at:
        return None
    return APART.found(
        StandingApart(
            columns=tuple(column.column for column in seen.columns[:3]),
            weight=min(0.8, abs(best.gain.value)) if best else min(0.2, seen.rows / seen.looked),
            rows=seen.rows,
            looked=seen.looked,
            share=seen.rows / seen.looked,
            remedy=best.says if best else None,
            score=p.says if best else None,
            gain=best.gain.value if best else None,
            low=best.gain.low if best else None,
            high=best.gain.high if best else None,
        ),
        severity=Severity.WARNING if best else None,
    )


def _telling_gaps(p: DataQuality, gap_at: float) -> list[Finding]:
    findings: list[Finding] = []
    named: set[str] = set()
    for gap in p.gaps.columns[:5]:
        if not gap.beyond_chance or abs(gap.apart.value) < gap_at * p.gaps.spread:
            continue
        # Columns that are missing in the same rows say the same thing twice.
        if any(gap.column in group and set(group) & named for group in p.gaps.together):
            continue
        named.add(gap.column)
        findings.append(
            TELLING_GAPS.found(
                TellingGap(
                    weight=min(0.45, abs(gap.apart.value) / p.gaps.spread),
                    column=gap.column,
                    share=gap.share,
                    where=gap.where,
                    elsewhere=gap.elsewhere,
                    low=gap.apart.low,
                    high=gap.apart.high,
                    target=p.data.target,
                    level=p.gaps.about or None,
                )
            )
        )
    return findings


def _result_of(compared: Compared, name: str) -> Result | None:
    return next((r for r in compared.remedies if r.name == name and not r.skipped), None)
