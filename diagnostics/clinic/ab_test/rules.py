"""The rules of A/B tests, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Planned(Entry):
    """What a test takes."""

    rows: int = shown(N_("Rows, both sides"), Unit.COUNT)
    single: int = shown(N_("Rows with one look at the end"), Unit.COUNT)
    days: int = shown(N_("Days"), Unit.COUNT)
    looks: int = shown(N_("Looks"), Unit.COUNT)
    power: float = shown(N_("Chance to see the difference"), Unit.SHARE)
    alpha: float = shown(N_("Chance of a false alarm"), Unit.SHARE)
    effect: float = shown(N_("Least difference worth finding"), Unit.NUMBER)
    base: float = shown(N_("Side A"), Unit.NUMBER)
    careless: float = shown(N_("Chance of a false alarm without a rule for the looks"), Unit.SHARE)
    to: float | None = shown(N_("Side B with that difference"), Unit.NUMBER, optional=True)


@dataclass(frozen=True, kw_only=True)
class Outcome(Entry):
    """What a test shows at one look."""

    a: float = shown(N_("Side A"), Unit.NUMBER)
    b: float = shown(N_("Side B"), Unit.NUMBER)
    difference: float = shown(N_("Difference, B less A"), Unit.NUMBER)
    low: float = shown(N_("Difference, at least"), Unit.NUMBER)
    high: float = shown(N_("Difference, at most"), Unit.NUMBER)
    z: float = shown(N_("Difference in standard errors (z)"), Unit.NUMBER)
    limit: float = shown(N_("Limit of z at this look"), Unit.NUMBER)
    p_value: float = shown(N_("Probability by chance (p-value)"), Unit.NUMBER)
    always_low: float = shown(N_("Difference at any look, at least"), Unit.NUMBER)
    always_high: float = shown(N_("Difference at any look, at most"), Unit.NUMBER)
    look: int = shown(N_("This look"), Unit.COUNT)
    looks: int = shown(N_("Looks"), Unit.COUNT)
    rows: int = shown(N_("Rows, both sides"), Unit.COUNT)
    planned: int = shown(N_("Rows planned"), Unit.COUNT)
    careless: float = shown(N_("Chance of a false alarm so far without a rule"), Unit.SHARE)
    means: bool = internal()


@dataclass(frozen=True, kw_only=True)
class Peeked(Outcome):
    """A look that is significant by itself alone."""

    often: float = shown(N_("Chance of a false alarm without a rule for the looks"), Unit.SHARE)
    alpha: float = shown(N_("Chance of a false alarm"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class RowMismatch(Entry):
    """Rows that one side lost."""

    got: float = shown(N_("Share of the rows that side B has"), Unit.SHARE)
    wanted: float = shown(N_("Share that side B should have"), Unit.SHARE)
    p_value: float = shown(N_("Probability by chance (p-value)"), Unit.NUMBER)


def _plan(entry: Planned) -> str:
    if entry.to is None:
        return N_(
            "It takes {rows:count} rows, {days:count} days, to see a change from {base:number} by {effect:number} with a chance "
            "of {power:percent}."
        )
    return N_(
        "It takes {rows:count} rows, {days:count} days, to see a change from {base:percent} to {to:percent} with a chance of "
        "{power:percent}."
    )


def _different(entry: Outcome) -> str:
    if entry.z > 0:
        return _B_MEAN if entry.means else _B_SHARE
    return _A_MEAN if entry.means else _A_SHARE


def _open(entry: Outcome) -> str:
    return _OPEN_MEAN if entry.means else _OPEN_SHARE


_B_SHARE: Final = N_("B is higher: {b:percent} instead of {a:percent}, a difference of {low:points} to {high:points} points.")
_A_SHARE: Final = N_("B is lower: {b:percent} instead of {a:percent}, a difference of {low:points} to {high:points} points.")
_OPEN_SHARE: Final = N_(
    "Not decided: A has {a:percent}, B {b:percent}; the difference lies between {low:points} and {high:points} points."
)
_B_MEAN: Final = N_("B is higher: {b:number} instead of {a:number}, a difference of {low:number} to {high:number}.")
_A_MEAN: Final = N_("B is lower: {b:number} instead of {a:number}, a difference of {low:number} to {high:number}.")
_OPEN_MEAN: Final = N_("Not decided: A has {a:number}, B {b:number}; the difference lies between {low:number} and {high:number}.")

PLANNED: Final = Rule[Planned](
    code="DEP101",
    title=N_("Plan of the test"),
    says=_plan,
    why=N_("A test with too few rows ends with a shrug; one that is read every day without a rule ends with a false alarm."),
    remedy=N_("Fix the rows, the looks and the rule before the start, and end where the rule says so, not where it looks good."),
    statistic=N_("Rows for the chance wanted to see the difference, at the error allowed; more where one looks in between."),
    source="Fleiss, Levin and Paik 2003, ch. 4, for shares; Guenther 1981 for means; Lan and DeMets 1983 for looks",
    severity=Severity.INFO,
)
DIFFERENT: Final = Rule[Outcome](
    code="DEP102",
    title=N_("The two differ"),
    says=_different,
    why=N_("The difference is larger than chance would give at this look."),
    remedy=N_("Decide by the low end of the interval: is that still worth it? Then roll out step by step and keep watching."),
    statistic=N_("The difference with its interval, and z against the limit of this look."),
    source="Newcombe 1998 for shares (hybrid score interval); Welch 1947 for means; Lan and DeMets 1983",
    severity=Severity.INFO,
)
OPEN: Final = Rule[Outcome](
    code="DEP103",
    title=N_("Not decided"),
    says=_open,
    why=N_("The interval holds both no difference and ones that matter, or the limit of this look is not reached."),
    remedy=N_(
        "Go on until the planned number of rows. If that is reached: no difference was shown, which is not the same as none."
    ),
    statistic=N_("The difference with its interval, and z against the limit of this look."),
    source="Newcombe 1998 for shares (hybrid score interval); Welch 1947 for means; Lan and DeMets 1983",
    severity=Severity.INFO,
)
MISMATCH: Final = Rule[RowMismatch](
    code="DEP104",
    title=N_("The sides do not have the rows they should"),
    says=N_(
        "Side B has {got:percent} of the rows instead of {wanted:percent}, which chance does not explain: do not trust the "
        "result."
    ),
    why=N_("Where rows got lost on one side, the sides are no longer alike, and the difference may come from that alone."),
    remedy=N_("Do not read the result. Look where rows get lost: redirects, bots, late logging, crashes of one variant."),
    statistic=N_("Chi-square test of the rows of each side against the planned shares, at 0.001."),
    source="Fabijan et al. 2019, Diagnosing sample ratio mismatch, doi:10.1145/3292500.3330722",
    severity=Severity.CRITICAL,
    thresholds={
        "mismatch_at": Shown(N_("Probability by chance below which the rows mismatch"), Unit.NUMBER),
    },
)
PEEKED: Final = Rule[Peeked](
    code="DEP105",
    title=N_("Significant only for one who looked once"),
    says=N_(
        "Not decided yet: by itself this look says p = {p_value:number}, but it is look {look:count} of {looks:count}. "
        "Whoever ends at the first p below {alpha:percent} sees a difference in {often:percent} of the tests that have none."
    ),
    why=N_("Whoever looks again and again and stops at the first good moment finds differences where there are none."),
    remedy=N_("Hold to the limit for several looks, or to the interval that holds at any time; go on until the planned end."),
    statistic=N_("Chance of a false alarm with this many looks at the plain limit of 1.96, and the limit of a spending rule."),
    source="Armitage, McPherson and Rowe 1969; Lan and DeMets 1983; Johari et al. 2022, doi:10.1287/opre.2021.2135",
)
RULES: Final = (PLANNED, DIFFERENT, OPEN, MISMATCH, PEEKED)
