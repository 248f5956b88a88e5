"""Swap back: give one column after the other its reference values, score again, and see which brings the performance back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from diagnostics.checks.localise.swap_back.ranking import MATTERS, MOVED, Ranking, Swapped, Swaps, by_loss, by_shift
from diagnostics.checks.localise.swap_back.scene import give_back, movement, set_scene, weigh
from diagnostics.measure.samples import samples
from diagnostics.measure.surrogate import Surrogate, stand_in
from diagnostics.nouns import intervals
from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Null, Rule, Severity
from diagnostics.nouns.words import N_


class Measure(StrEnum):
    """What comes back: the lost performance, or the shift of the predictions, which is harmless where labels show no loss."""

    LOSS = "loss"
    SHIFT = "shift"
    HARMLESS_SHIFT = "harmless shift"


@dataclass(frozen=True, kw_only=True)
class Restored(Entry):
    """home, before: the error (or the shift) on unseen reference rows and on current rows; `unit` names it."""

    home: float = shown(N_("On unseen reference rows"))
    before: float = shown(N_("On the current rows"))
    unit: str = shown(N_("Measure of error"), Unit.TERM)
    fidelity: float = shown(N_("How closely the stand-in follows the logged predictions"), Unit.SHARE)
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class ColumnRestored(Restored):
    """What comes back with one column set back. weight_: how much the model uses it; moved: how far it moved, both 0 to 1."""

    column: str = shown(N_("Column"), Unit.NAME)
    recovered: float = shown(N_("Share that comes back"), Unit.SHARE)
    low: float = shown(N_("Share that comes back, lower end of its 95% interval"), Unit.SHARE)
    high: float = shown(N_("Share that comes back, upper end of its 95% interval"), Unit.SHARE)
    after: float = shown(N_("On the current rows, with the column set back"))
    weight_: float = shown(N_("How much the model uses the column: 0 is not at all, 1 is alone"))
    moved: float = shown(N_("How far the column moved, 0 to 1 (KS statistic or distance of the shares)"))
    way: str


@dataclass(frozen=True, kw_only=True)
class ColumnsRestored(Restored):
    """What comes back with several columns set back at once."""

    columns: tuple[str, ...] = shown(N_("Columns"), Unit.NAMES)
    recovered: float = shown(N_("Share that comes back"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class NothingRestored(Restored):
    """share: of the rise that rows like the current ones had in the reference already; None where it is not known."""

    recovered: float = shown(N_("Most that comes back"), Unit.SHARE)
    share: float | None = shown(N_("Share of the rise that comes from the rows that arrive"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class HarderRows(Restored):
    """expected: the error of reference rows that are like the current ones."""

    share: float = shown(N_("Share of the rise that comes from the rows that arrive"), Unit.SHARE)
    expected: float | None = shown(N_("On reference rows that are like the current ones"))


def _say_column(entry: ColumnRestored) -> str:
    if entry.way == "filled":
        return N_(
            "With the missing or filled-in values of {column:name} rebuilt from the other columns, {recovered:percent} of the "
            "lost performance comes back."
        )
    if entry.way == "rebuilt":
        return N_(
            "With {column:name} rebuilt from the other columns, {recovered:percent} of the lost performance comes back: its "
            "values seem to belong to other rows."
        )
    if entry.measure is Measure.LOSS:
        return N_("With the reference's values in {column:name} alone, {recovered:percent} of the lost performance comes back.")
    return N_("With the reference's values in {column:name} alone, {recovered:percent} of the shift of the answers goes away.")


def _say_columns(entry: ColumnsRestored) -> str:
    if entry.measure is Measure.LOSS:
        return N_("With the reference's values in {columns:list}, {recovered:percent} of the lost performance comes back.")
    return N_("With the reference's values in {columns:list}, {recovered:percent} of the shift of the answers goes away.")


RECOVERED: Final = {
    "recovered_at": Shown(N_("Share that must come back"), Unit.SHARE),
    "critical_at": Shown(N_("Share whose return is called critical"), Unit.SHARE),
}

COLUMN: Final = Rule[ColumnRestored](
    code="LOC010",
    null=Null.COLUMNS,
    title=N_("One column explains the loss"),
    says=_say_column,
    why=N_("With the reference's values in this column alone, a model that answers like yours does well again."),
    remedy=N_("Start with this column: look at its findings in step 2 and step 4, mend its feed, and score the rows again."),
    statistic=N_(
        "The current rows are scored again with one column set back to the values it had in the reference; the number is the "
        "share of the loss, or of the shift of the answers, that disappears."
    ),
    source="Zhang et al. 2023, Why did the model fail?, arXiv:2210.10769; Breiman 2001, doi:10.1023/A:1010933404324",
    severity=Severity.CRITICAL,
    thresholds=RECOVERED | {"low_at": Shown(N_("Lower end of its 95% interval that is needed"), Unit.SHARE)},
)
TOGETHER: Final = Rule[ColumnsRestored](
    code="LOC011",
    null=Null.COLUMNS,
    title=N_("Several columns explain the loss together"),
    says=_say_columns,
    why=N_("No column does it alone, but together they do: something changed that all of them went through, or the population."),
    remedy=N_("Look for what these columns share: a source, a join, a scaler, or a group of rows that is new."),
    statistic=N_("The current rows are scored again with several columns set back to the values they had in the reference."),
    source="Zhang et al. 2023, Why did the model fail?, arXiv:2210.10769",
    thresholds=RECOVERED | {"more_at": Shown(N_("How much more must come back than with the best column alone"), Unit.SHARE)},
)
NOTHING: Final = Rule[NothingRestored](
    code="LOC012",
    null=Null.ANYTHING,
    title=N_("No column brings the performance back"),
    says=N_(
        "The {unit:term} of a stand-in rose from {home:number} to {before:number}, and giving the columns their "
        "reference values brings back only {recovered:percent}: the relation to the truth changed."
    ),
    why=N_("The inputs are not the reason: the relation between inputs and truth changed, or the labels did, or the model."),
    remedy=N_("Compare recent true answers with older ones for similar rows; if the relation changed, train on recent rows."),
    statistic=N_("The current rows are scored again with all columns set back to the values they had in the reference."),
    source="Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011 (loss from X against loss from Y given X)",
    thresholds={
        "nothing_at": Shown(N_("Share that must not come back"), Unit.SHARE),
        "harder_at": Shown(N_("Share of the rise that the rows that arrive must explain"), Unit.SHARE),
    },
)
HARDER: Final = Rule[HarderRows](
    code="LOC013",
    null=Null.ANYTHING,
    title=N_("Harder rows arrive"),
    says=N_(
        "Of the rise of the {unit:term} from {home:number} to {before:number}, {share:percent} comes from the "
        "rows that arrive: on their like, the reference shows {expected:number}."
    ),
    why=N_("The model does on these rows what it always did on their like; there are only more of them now."),
    remedy=N_("See in step 4 which group grew, and give the model more rows of that group to learn from."),
    statistic=N_("The loss of reference rows when each counts as often as its like does among the current rows."),
    source="Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011 (loss from X against loss from Y given X)",
    thresholds={"harder_at": Shown(N_("Share of the rise that the rows that arrive must explain"), Unit.SHARE)},
)
RULES: Final = (COLUMN, TOGETHER, NOTHING, HARDER)

COLUMNS: Final = 40
"""Columns that are swapped back: those that matter to the model and moved most."""

SKILL: Final = 0.2
"""A stand-in that explains less of the answers than this says nothing about the model."""


@dataclass(frozen=True, kw_only=True)
class SwapBack:
    """What comes back with columns set back to their reference values."""

    loss: Ranking | None
    """By labels; None where the current rows have none."""

    shift: Ranking
    """By the distance between the predictions' distributions."""

    weights: tuple[tuple[str, float], ...]
    """(column, weight) of every feature of the stand-in, heaviest first."""

    fidelity: float
    """Of the stand-in on unseen reference rows."""

    learnt: str
    """What the stand-in was fitted to."""

    logged_rise: intervals.Interval | None
    """Rise of the mean loss of the logged predictions."""

    rows: int


def profile(incident: Incident) -> SwapBack:
    """Raises NotApplicable without both tables, or without predictions or target in the reference, or when no stand-in fits."""
    incident.pair()
    drawn = samples(incident)
    stand = stand_in(incident)
    if stand.skill < SKILL:
        raise NotApplicable(
            N_(
                "A stand-in fitted here explains only {skill:percent} of the answers, so swapping columns back would say nothing."
            ),
            needs="model",
            skill=stand.skill,
        )
    scene = set_scene(incident, drawn, stand)
    if scene.home_rows.size < 10 or scene.rows.size < 10:
        raise NotApplicable(
            N_("Too few rows to score again ({rows:count} in the current table)."), needs="current", rows=int(scene.rows.size)
        )
    rng = np.random.default_rng(incident.seed)
    names = stand.encoder.features
    weights = weigh(scene, rng)
    moved = {name: movement(scene, name) for name in names}
    chosen = sorted(names, key=lambda n: (-weights[n] * (0.05 + moved[n]), n))[:COLUMNS]
    swaps = Swaps(scene, {name: give_back(scene, name, rng) for name in chosen if weights[name] > 0})
    shift = by_shift(swaps, weights, moved, rng)
    loss = by_loss(swaps, weights, moved, incident.seed)
    ordered = tuple(sorted(weights.items(), key=lambda item: (-item[1], item[0])))
    return SwapBack(
        loss=loss,
        shift=shift,
        weights=ordered,
        fidelity=stand.fidelity,
        learnt=stand.learnt,
        logged_rise=_logged_rise(stand),
        rows=int(scene.rows.size),
    )


def judge(
    p: SwapBack,
    *,
    recovered_at: float = 0.3,
    low_at: float = 0.1,
    critical_at: float = 0.5,
    nothing_at: float = 0.2,
    harder_at: float = 0.5,
    more_at: float = 0.2,
    shown: int = 3,
) -> list[Finding]:
    """Only when performance was lost (or, without true answers, when the answers shifted) beyond chance.

    A column fires when at least `recovered_at` of it comes back, and the lower end of the interval is above `low_at`: less is
    what any of several correlated columns brings back under a harmless move of the population. LOC011 fires when several columns
    bring back `more_at` more than the best of them alone. LOC012 fires when all of them
    bring back less than `nothing_at` and no column that matters moved (what is missing can't be brought back); LOC013 when at
    least `harder_at` of the rise is there on the current rows' like in the reference already.
    """
    lost = p.loss is not None and p.loss.lost
    ranking = p.loss if p.loss is not None and lost else p.shift
    if not ranking.lost:
        return []
    measure = Measure.LOSS if lost else Measure.SHIFT if p.loss is None else Measure.HARMLESS_SHIFT
    common: dict[str, Any] = {
        "home": ranking.home.value,
        "before": ranking.before.value,
        "unit": ranking.unit,
        "fidelity": p.fidelity,
        "measure": measure,
    }
    helping = [c for c in ranking.columns if c.recovered.value >= recovered_at and c.recovered.low > low_at][:shown]
    findings: list[Finding] = [_column(c, common, critical_at) for c in helping]
    alone = max((c.recovered.value for c in helping), default=0.0)
    if len(ranking.together) >= 2 and ranking.together_recovered >= max(recovered_at, alone + more_at):
        together = ranking.together_recovered
        weight = float(np.clip(together, 0, 1))
        entry = ColumnsRestored(columns=ranking.together, weight=weight, recovered=together, **common)
        findings.append(TOGETHER.found(entry, severity=_severity(together, measure, critical_at)))
    if lost and not helping:
        share = ranking.from_population
        if share is not None and share >= harder_at:
            weight = float(np.clip(share, 0, 1))
            harder = HarderRows(weight=weight, share=min(1.0, share), expected=ranking.expected, **common)
            findings.append(HARDER.found(harder))
        elif ranking.best < nothing_at and not any(c.moved >= MOVED and c.weight >= MATTERS for c in ranking.columns):
            nothing = NothingRestored(weight=1 - ranking.best, recovered=ranking.best, share=share, **common)
            findings.append(NOTHING.found(nothing))
    return findings


def _severity(recovered: float, measure: Measure, critical_at: float) -> Severity:
    if measure is Measure.LOSS:
        return Severity.CRITICAL if recovered >= critical_at else Severity.WARNING
    # The predictions moved, and the labels say that they are as good as before.
    return Severity.WARNING if measure is Measure.SHIFT else Severity.INFO


def _column(column: Swapped, common: dict[str, Any], critical_at: float) -> Finding:
    return COLUMN.found(
        ColumnRestored(
            columns=(column.name,),
            since=column.since,
            weight=float(np.clip(column.recovered.value, 0, 1)),
            column=column.name,
            recovered=min(1.0, column.recovered.value),
            low=column.recovered.low,
            high=column.recovered.high,
            after=column.after,
            weight_=column.weight,
            moved=column.moved,
            way=column.way,
            **common,
        ),
        severity=_severity(column.recovered.value, common["measure"], critical_at),
    )


def _logged_rise(stand: Surrogate) -> intervals.Interval | None:
    before, after = stand.outcome.loss("reference"), stand.outcome.loss("current")
    if before is None or after is None:
        return None
    a, b = intervals.mean(before), intervals.mean(after)
    half = float(np.hypot(a.high - a.value, b.high - b.value))
    rise = b.value - a.value
    return intervals.Interval(rise, rise - half, rise + half)
