"""Imbalance: what the common class costs, and what weights, other rows, another limit and other models change, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from diagnostics.clinic.imbalance import remedies as tries
from diagnostics.clinic.imbalance.rows import two_classes
from diagnostics.clinic.imbalance.ways import F1, PRECISION, RECALL, Tried, cost_of, way
from diagnostics.clinic.shared.compare import Compared, Progress, Result, Verdict, compare_all, quiet
from diagnostics.clinic.shared.folds import Fold
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.clinic.shared.scores import METRICS, Told
from diagnostics.clinic.shared.training_set import ROWS, Described, TrainingSet, fewer
from diagnostics.nouns.finding import Finding, loose
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_, Value

LEARNING: Final = "He and Garcia 2009, Learning from imbalanced data, doi:10.1109/TKDE.2008.239"
MISSED: Final = Rule(
    code="IMB001",
    title=N_("The rare class is missed"),
    why=N_("With a rare class a model is right most of the time by never naming it, and the share of right answers hides it."),
    remedy=N_(
        "Say what a miss costs, and take the remedy that costs least below. Judge by recall and precision, not by the share of "
        "right answers."
    ),
    statistic=N_("Recall: of a hundred held-out rows of the rare class, how many the model finds at its usual limit of 50%."),
    source=LEARNING,
)
CHEAPER: Final = Rule(
    code="IMB002",
    title=N_("A remedy costs less"),
    why=N_(
        "What a miss and a false alarm cost decides where the line should be drawn; a model trained plainly takes both as equal."
    ),
    remedy=N_(
        "Take the remedy that costs least below. Of two that cost the same take the simpler: a moved threshold trains nothing."
    ),
    statistic=N_("Cost of a hundred held-out rows: misses times what a miss costs, plus false alarms."),
    source="Elkan 2001, The foundations of cost-sensitive learning (IJCAI); " + LEARNING,
)
FINE: Final = Rule(
    code="IMB003",
    title=N_("Imbalance does no harm"),
    why=N_("An uneven target is no fault by itself: where the classes can be told apart, plain training finds the rare one."),
    remedy=N_("Leave the training as it is."),
    statistic=N_("Cost of a hundred held-out rows with each remedy, against nothing done."),
    source="van den Goorbergh et al. 2022, The harm of class imbalance corrections, doi:10.1093/jamia/ocac093",
    severity=Severity.INFO,
)
MISCALIBRATED: Final = Rule(
    code="IMB004",
    title=N_("The chances no longer hold"),
    why=N_("Weights and added rows tell the model that the rare class is common, so it overstates every chance of it."),
    remedy=N_("Use such chances to rank rows only, or move the threshold instead: then the chances stay what they are."),
    statistic=N_("Mean chance that the model gives the rare class on held-out rows, beside its true share."),
    source="van den Goorbergh et al. 2022, The harm of class imbalance corrections, doi:10.1093/jamia/ocac093",
    severity=Severity.INFO,
)
FEW: Final = Rule(
    code="IMB005",
    title=N_("Too few rare rows to be sure"),
    why=N_("However many rows there are in all, what can be learnt of the rare class hangs on its own rows."),
    remedy=N_(
        "Collect more rows of the rare class. Synthetic rows repeat what the few say; they add nothing that is not in them."
    ),
    statistic=N_("Rows of the rare class."),
    source="Peduzzi et al. 1996, events per variable, doi:10.1016/S0895-4356(96)00236-3",
    severity=Severity.INFO,
)
EXTREME: Final = Rule(
    code="IMB006",
    title=N_("So rare that it can be looked for as an oddity"),
    why=N_("Where a class has a handful of rows, a model that learns what is usual may find what is not, without any label."),
    remedy=N_("Compare the two below: where labels tell more than oddity does, stay with a trained model."),
    statistic=N_("Average precision of an isolation forest, which sees no class, beside that of the trained model."),
    source="Liu, Ting and Zhou 2008, Isolation forest, doi:10.1109/ICDM.2008.17",
    severity=Severity.INFO,
)
RULES: Final = (MISSED, CHEAPER, FINE, MISCALIBRATED, FEW, EXTREME)

TRIED_ROWS: Final = 5_000
RARE_ROWS: Final = 250
"""Rows of the rare class that are wanted among those tried: below, recall has an interval of more than ten points."""

BARE: Final = ("true", "false", "yes", "no", "y", "n", "t", "f")


@dataclass(frozen=True)
class Settings:
    """cost: false alarms that one miss is worth. neighbours: of SMOTE."""

    family: str = "boosting"
    cost: float = 5.0
    neighbours: int = 5
    rows: int = ROWS
    repeats: int = 2


@dataclass(frozen=True)
class Imbalance:
    """share: of the rare class, `positive`. majority: share of right answers of never naming it. accuracy: of nothing done.

    compared: by cost of 100 rows. others: the same by recall, precision, F1, average precision and Brier score. ways: nothing
    done first. neighbours: of SMOTE, as the training parts allow.
    """

    data: Described
    family: str
    positive: str
    share: float
    rare_rows: int
    majority: float
    accuracy: float
    cost: float
    neighbours: int
    compared: Compared
    others: tuple[Compared, ...]
    ways: tuple[Tried, ...]

    @property
    def named(self) -> str:
        """The class in a sentence: a bare number says nothing without its column."""
        bare = self.positive.replace(".", "", 1).replace("-", "", 1).isdigit() or self.positive.lower() in BARE
        return f"{self.data.target} = {self.positive}" if bare else self.positive

    def other(self, name: str) -> Compared:
        return next((compared for compared in self.others if compared.metric == name), self.compared)


def profile(incident: Incident, settings: Settings = Settings(), *, on_progress: Progress = quiet) -> Imbalance:
    """Raises NotApplicable without classes to learn, and ValueError for settings out of range."""
    if settings.family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, got {settings.family!r}")
    if not 0.01 <= settings.cost <= 10_000:
        raise ValueError(f"cost must be between 0.01 and 10,000 false alarms, got {settings.cost}")
    whole = two_classes(incident, rows=settings.rows)
    seed = incident.seed
    share = float(np.mean(whole.truth == 1))
    data = _enough(whole, share, seed)
    before = tries.before(settings.family)
    named = tries.remedies(settings.family, settings.cost, settings.neighbours)
    metrics = (cost_of(settings.cost), RECALL, PRECISION, F1, METRICS["average_precision"], METRICS["brier"])
    answers: list[list[tuple[NDArray[np.int64], Told]]] = [[] for _ in range(len(named) + 1)]

    def keep(place: int, number: int, fold: Fold, answer: Told) -> None:
        if number < 5:
            answers[place].append((fold.test, answer))

    def made(compared: Compared, others: tuple[Compared, ...], ways: tuple[Tried, ...], accuracy: float) -> Imbalance:
        return Imbalance(
            data.described,
            settings.family,
            whole.classes[1],
            share,
            int((whole.truth == 1).sum()),
            1 - share,
            accuracy,
            settings.cost,
            tries.allowed(int(0.8 * (data.truth == 1).sum()), settings.neighbours),
            compared,
            others,
            ways,
        )

    compared, *others = compare_all(
        data,
        before,
        named,
        metrics,
        repeats=max(1, min(settings.repeats, 10)),
        seed=seed,
        on_progress=on_progress,
        on_told=keep,
        partial=lambda so_far: made(so_far[0], so_far[1:], (), 0.0),
    )
    ways = [way(data, one.name, one.says, given) for one, given in zip((before, *named), answers, strict=True) if given]
    plain = np.concatenate([answer.labels == data.truth[rows] for rows, answer in answers[0]])
    return made(compared, tuple(others), tuple(ways), float(plain.mean()))


def _enough(data: TrainingSet, share: float, seed: int) -> TrainingSet:
    """`TRIED_ROWS` of the rows, or as many more as bring `RARE_ROWS` of the rare class; drawn at random, so the share holds."""
    rows = max(TRIED_ROWS, int(RARE_ROWS / max(min(share, 1 - share), 1e-6)))
    return fewer(data, rows, seed=seed)


def judge(
    p: Imbalance,
    *,
    rare_at: float = 0.35,
    missed_at: float = 0.5,
    few_at: int = 50,
    extreme_at: float = 0.01,
    off_at: float = 1.5,
) -> list[Finding]:
    """IMB001: the class has at most `rare_at` of the rows and nothing done finds less than `missed_at` of it (the interval too).
    IMB002, IMB003: by the corrected interval of the cost. IMB004: the mean chance of the cheapest remedy (else of class weights)
    is `off_at` times the true share. IMB005: fewer than `few_at` rare rows (ten for each of five columns, Peduzzi et al. 1996).
    IMB006: at most `extreme_at` of the rows, as in fraud and failures (He and Garcia 2009, section 2).
    """
    findings = []
    plain = p.ways[0]
    best = p.compared.best
    if p.share <= rare_at and plain.recall.high < missed_at:
        findings.append(_missed(p, plain, best))
    elif best is not None:
        findings.append(loose(CHEAPER, _CHEAPER, _costs(p, best), weight=0.6))
    if best is None:
        findings.append(_fine(p))
    suspect = next((w for w in p.ways[1:] if best is not None and w.name == best.name), None)
    suspect = suspect if suspect is not None and _is_off(suspect, p, off_at) else _of(p, "weights")
    if suspect is not None and _is_off(suspect, p, off_at):
        findings.append(_uncalibrated(p, suspect))
    if p.rare_rows < few_at:
        says = N_("Only {rows:count} rows are {class:name}: every number here has a wide interval.")
        findings.append(loose(FEW, says, {"rows": p.rare_rows, "class": p.named}, weight=0.5))
    if p.share <= extreme_at:
        findings += _extreme(p)
    return findings


def _of(p: Imbalance, name: str) -> Tried | None:
    return next((way for way in p.ways if way.name == name), None)


def _is_off(way: Tried, p: Imbalance, off_at: float) -> bool:
    return way.name != "isolation" and way.told >= off_at * p.share


def _costs(p: Imbalance, best: Result) -> dict[str, Value]:
    return {
        "class": p.named,
        "share": p.share,
        "remedy": best.says,
        "before": p.compared.before.score.value,
        "after": p.compared.before.score.value - best.gain.value,
        "low": round(best.gain.low, 4),
        "high": round(best.gain.high, 4),
        "cost": p.cost,
    }


_CHEAPER: Final = N_(
    "If missing one {class:name} costs as much as {cost:number} false alarms, “{remedy:term}” lowers the cost of 100 rows from "
    "{before:number} to {after:number} false alarms (by {low:number} to {high:number})."
)


def _missed(p: Imbalance, plain: Tried, best: Result | None) -> Finding:
    numbers: dict[str, Value] = {
        "class": p.named,
        "share": p.share,
        "recall": plain.recall.value,
        "low_recall": plain.recall.low,
        "high_recall": plain.recall.high,
        "precision": plain.precision.value,
        "accuracy": p.accuracy,
        "majority": p.majority,
        "missed": 100 * (1 - plain.recall.value),
    }
    if best is None:
        says = N_(
            "{class:name} is {share:percent} of the rows and the model finds {recall:percent} of them; it is right in "
            "{accuracy:percent}, and never naming that class would be right in {majority:percent}."
        )
        return loose(MISSED, says, numbers, weight=1 - plain.recall.value)
    way = _of(p, best.name)
    numbers |= _costs(p, best) | {"found": way.recall.value if way else 0.0, "right": way.precision.value if way else 0.0}
    says = N_(
        "{class:name} is {share:percent} of the rows and the model finds {recall:percent} of them; with “{remedy:term}” it finds "
        "{found:percent}, and {right:percent} of its alarms are right."
    )
    return loose(MISSED, says, numbers, weight=1 - plain.recall.value)


def _fine(p: Imbalance) -> Finding:
    numbers: dict[str, Value] = {
        "class": p.named,
        "share": p.share,
        "count": len(p.compared.ran),
        "recall": p.ways[0].recall.value,
        "cost": p.cost,
        "before": p.compared.before.score.value,
    }
    says = N_(
        "No gain: {class:name} is {share:percent} of the rows, nothing done finds {recall:percent} of them, and none of "
        "{count:count} remedies costs less, if a miss costs {cost:number} false alarms."
    )
    return loose(FINE, says, numbers, weight=0.6)


def _uncalibrated(p: Imbalance, way: Tried) -> Finding:
    numbers: dict[str, Value] = {
        "remedy": way.says,
        "told": way.told,
        "share": p.share,
        "plain": p.ways[0].told,
        "class": p.named,
    }
    says = N_(
        "With “{remedy:term}” the model gives {class:name} a mean chance of {told:percent}, where {share:percent} is true "
        "({plain:percent} with nothing done)."
    )
    return loose(MISCALIBRATED, says, numbers, weight=min(0.5, way.told - p.share))


def _extreme(p: Imbalance) -> list[Finding]:
    ranked = p.other("average_precision")
    odd = next((r for r in ranked.remedies if r.name == "isolation" and not r.skipped), None)
    if odd is None:
        return []
    numbers: dict[str, Value] = {
        "class": p.named,
        "share": p.share,
        "odd": odd.score.value,
        "trained": ranked.before.score.value,
        "better": odd.verdict is Verdict.GAIN,
    }
    says = N_(
        "{class:name} is {share:percent} of the rows: an isolation forest, which sees no class, has an average precision of "
        "{odd:number}, the trained model {trained:number}."
    )
    return [loose(EXTREME, says, numbers, weight=0.4)]
