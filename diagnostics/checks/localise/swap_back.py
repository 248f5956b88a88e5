"""Swap back: give one column after the other its reference values, score again, and see which brings the performance back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from diagnostics.checks.localise.ranking import MATTERS, MOVED, Ranking, Swapped, Swaps, by_loss, by_shift
from diagnostics.checks.localise.scene import give_back, movement, set_scene, weigh
from diagnostics.measure.samples import samples
from diagnostics.measure.surrogate import Surrogate, stand_in
from diagnostics.nouns import intervals
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import NotApplicable
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value

COLUMN: Final = Rule(
    code="LOC010",
    title=N_("One column explains the loss"),
    why=N_("With the reference's values in this column alone, a model that answers like yours does well again."),
    remedy=N_("Start with this column: look at its findings in step 2 and step 4, mend its feed, and score the rows again."),
    statistic=N_(
        "The current rows are scored again with one column set back to the values it had in the reference; the number is the "
        "share of the loss, or of the shift of the answers, that disappears."
    ),
    source="Zhang et al. 2023, Why did the model fail?, arXiv:2210.10769; Breiman 2001, doi:10.1023/A:1010933404324",
    severity=Severity.CRITICAL,
)
TOGETHER: Final = Rule(
    code="LOC011",
    title=N_("Several columns explain the loss together"),
    why=N_("No column does it alone, but together they do: something changed that all of them went through, or the population."),
    remedy=N_("Look for what these columns share: a source, a join, a scaler, or a group of rows that is new."),
    statistic=N_("The current rows are scored again with several columns set back to the values they had in the reference."),
    source="Zhang et al. 2023, Why did the model fail?, arXiv:2210.10769",
)
NOTHING: Final = Rule(
    code="LOC012",
    title=N_("No column brings the performance back"),
    why=N_("The inputs are not the reason: the relation between inputs and truth changed, or the labels did, or the model."),
    remedy=N_("Compare recent true answers with older ones for similar rows; if the relation changed, train on recent rows."),
    statistic=N_("The current rows are scored again with all columns set back to the values they had in the reference."),
    source="Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011 (loss from X against loss from Y given X)",
)
HARDER: Final = Rule(
    code="LOC013",
    title=N_("Harder rows arrive"),
    why=N_("The model does on these rows what it always did on their like; there are only more of them now."),
    remedy=N_("See in step 4 which group grew, and give the model more rows of that group to learn from."),
    statistic=N_("The loss of reference rows when each counts as often as its like does among the current rows."),
    source="Cai, Namkoong and Yadlowsky 2023, arXiv:2303.02011 (loss from X against loss from Y given X)",
)
RULES: Final = (COLUMN, TOGETHER, NOTHING, HARDER)

COLUMNS: Final = 40
"""Columns that are swapped back: those that matter to the model and moved most."""

SKILL: Final = 0.2
"""A stand-in that explains less of the answers than this says nothing about the model."""


@dataclass(frozen=True)
class SwapBack:
    """loss: by true answers, None where the current rows have none. shift: by the distance of the answers' distributions.

    weights: (column, weight) of every feature of the stand-in, heaviest first; `weight_of` as a mapping. fidelity: of the
    stand-in on unseen reference rows; learnt: what it was fitted to. logged_rise: rise of the logged answers' mean loss.
    """

    loss: Ranking | None
    shift: Ranking
    weights: tuple[tuple[str, float], ...]
    fidelity: float
    learnt: str
    logged_rise: intervals.Interval | None
    rows: int

    @property
    def weight_of(self) -> dict[str, float]:
        return dict(self.weights)


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
    return SwapBack(loss, shift, ordered, stand.fidelity, stand.learnt, _logged_rise(stand), int(scene.rows.size))


def judge(
    p: SwapBack,
    *,
    recovered_at: float = 0.3,
    low_at: float = 0.1,
    critical_at: float = 0.5,
    nothing_at: float = 0.2,
    harder_at: float = 0.5,
    shown: int = 3,
) -> list[Finding]:
    """Only when performance was lost (or, without true answers, when the answers shifted) beyond chance.

    A column fires when at least `recovered_at` of it comes back, and the lower end of the interval is above `low_at`: less is
    what any of several correlated columns brings back under a harmless move of the population. LOC012 fires when all of them
    bring back less than `nothing_at` and no column that matters moved (what is missing can't be brought back); LOC013 when at
    least `harder_at` of the rise is there on the current rows' like in the reference already.
    """
    lost = p.loss is not None and p.loss.lost
    ranking = p.loss if p.loss is not None and lost else p.shift
    if not ranking.lost:
        return []
    common: dict[str, Value] = {
        "home": ranking.home.value,
        "before": ranking.before.value,
        "unit": ranking.unit,
        "fidelity": p.fidelity,
        "measure": "loss" if lost else "shift" if p.loss is None else "harmless shift",
    }
    helping = [c for c in ranking.columns if c.recovered.value >= recovered_at and c.recovered.low > low_at][:shown]
    findings = [_column(c, common, lost, critical_at) for c in helping]
    alone = max((c.recovered.value for c in helping), default=0.0)
    if len(ranking.together) >= 2 and ranking.together_recovered >= max(recovered_at, alone + 0.2):
        findings.append(
            loose(
                TOGETHER,
                N_("With the reference's values in {columns:list}, {recovered:percent} of the lost performance comes back.")
                if lost
                else N_(
                    "With the reference's values in {columns:list}, {recovered:percent} of the shift of the answers goes away."
                ),
                common | {"columns": ranking.together, "recovered": ranking.together_recovered},
                ranking.together,
                _severity(ranking.together_recovered, common, critical_at),
                weight=float(np.clip(ranking.together_recovered, 0, 1)),
            )
        )
    if lost and not helping:
        share = ranking.from_population
        if share is not None and share >= harder_at:
            findings.append(
                loose(
                    HARDER,
                    N_(
                        "Of the rise of the {unit:term} from {home:number} to {before:number}, {share:percent} comes from the "
                        "rows that arrive: on their like, the reference shows {expected:number}."
                    ),
                    common | {"share": min(1.0, share), "expected": ranking.expected},
                    weight=float(np.clip(share, 0, 1)),
                )
            )
        elif ranking.best < nothing_at and not any(c.moved >= MOVED and c.weight >= MATTERS for c in ranking.columns):
            findings.append(
                loose(
                    NOTHING,
                    N_(
                        "The {unit:term} of a stand-in rose from {home:number} to {before:number}, and giving the columns their "
                        "reference values brings back only {recovered:percent}: the relation to the truth changed."
                    ),
                    common | {"recovered": ranking.best, "share": share},
                    weight=1 - ranking.best,
                )
            )
    return findings


def _severity(recovered: float, common: Mapping[str, Value], critical_at: float) -> Severity:
    if common["measure"] == "loss":
        return Severity.CRITICAL if recovered >= critical_at else Severity.WARNING
    # The answers moved, and the true answers say that they are as good as before.
    return Severity.WARNING if common["measure"] == "shift" else Severity.INFO


def _column(column: Swapped, common: dict[str, Value], lost: bool, critical_at: float) -> Finding:
    says = N_("With the reference's values in {column:name} alone, {recovered:percent} of the lost performance comes back.")
    if not lost:
        says = N_(
            "With the reference's values in {column:name} alone, {recovered:percent} of the shift of the answers goes away."
        )
    if column.way == "rebuilt":
        says = N_(
            "With {column:name} rebuilt from the other columns, {recovered:percent} of the lost performance comes back: its "
            "values seem to belong to other rows."
        )
    if column.way == "filled":
        says = N_(
            "With the missing or filled-in values of {column:name} rebuilt from the other columns, {recovered:percent} of the "
            "lost performance comes back."
        )
    return loose(
        COLUMN,
        says,
        common
        | {
            "column": column.name,
            "recovered": min(1.0, column.recovered.value),
            "low": column.recovered.low,
            "high": column.recovered.high,
            "after": column.after,
            "weight": column.weight,
            "moved": column.moved,
            "way": column.way,
        },
        (column.name,),
        _severity(column.recovered.value, common, critical_at),
        weight=float(np.clip(column.recovered.value, 0, 1)),
        since=column.since,
    )


def _logged_rise(stand: Surrogate) -> intervals.Interval | None:
    before, after = stand.outcome.loss("reference"), stand.outcome.loss("current")
    if before is None or after is None:
        return None
    a, b = intervals.mean(before), intervals.mean(after)
    half = float(np.hypot(a.high - a.value, b.high - b.value))
    rise = b.value - a.value
    return intervals.Interval(rise, rise - half, rise + half)
