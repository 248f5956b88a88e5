"""The rules of deployment, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Faster(Entry):
    """The fastest variant whose score is kept."""

    what: str = shown(N_("Variant"), Unit.TERM)
    mine: float = shown(N_("Time for one row (ms)"), Unit.NUMBER)
    base: float = shown(N_("Time of the model as trained (ms)"), Unit.NUMBER)
    times: float = shown(N_("Times as fast"), Unit.NUMBER)
    bytes: int = shown(N_("Size (bytes)"), Unit.COUNT)
    share: float = shown(N_("Size, relative to the model as trained"), Unit.SHARE)
    score: str = shown(N_("Metric"), Unit.TERM)
    gain: float = shown(N_("Change of the score"), Unit.NUMBER)
    low: float = shown(N_("Change of the score, at least"), Unit.NUMBER)
    high: float = shown(N_("Change of the score, at most"), Unit.NUMBER)
    apart: float = shown(N_("Largest difference of a prediction"), Unit.NUMBER)
    unchanged: bool = internal()


@dataclass(frozen=True, kw_only=True)
class Costly(Entry):
    """A variant whose score is worse beyond chance."""

    what: str = shown(N_("Variant"), Unit.TERM)
    times: float = shown(N_("Times as fast"), Unit.NUMBER)
    share: float = shown(N_("Size, relative to the model as trained"), Unit.SHARE)
    score: str = shown(N_("Metric"), Unit.TERM)
    least: float = shown(N_("Loss of score, at least"), Unit.NUMBER)
    most: float = shown(N_("Loss of score, at most"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class OnlineLearning(Entry):
    """A learner that goes on learning beside one left as it was."""

    fixed: float = shown(N_("Score of the model left as it was"), Unit.NUMBER)
    online: float = shown(N_("Score of online learning"), Unit.NUMBER)
    rows: int = shown(N_("Later rows"), Unit.COUNT)
    gain: float = shown(N_("Gain"), Unit.NUMBER)
    low: float = shown(N_("Gain, at least"), Unit.NUMBER)
    high: float = shown(N_("Gain, at most"), Unit.NUMBER)
    classes: bool = internal()
    """Whether the scores are shares of right predictions; else errors, by the spread of the target."""


@dataclass(frozen=True, kw_only=True)
class UploadedSpeed(Entry):
    """How fast the uploaded model predicts."""

    file: str = shown(N_("File"), Unit.NAME)
    bytes: int = shown(N_("Size (bytes)"), Unit.COUNT)
    p50: float = shown(N_("Time for one row, median (ms)"), Unit.NUMBER)
    p95: float = shown(N_("Time for one row, 95 of 100 within (ms)"), Unit.NUMBER)
    p99: float = shown(N_("Time for one row, 99 of 100 within (ms)"), Unit.NUMBER)
    rows: int = shown(N_("Rows at once"), Unit.COUNT)
    all: float = shown(N_("Time for these rows (ms)"), Unit.NUMBER)


def _faster(entry: Faster) -> str:
    if entry.unchanged:
        return N_(
            "“{what:term}” answers a row in {mine:number} ms instead of {base:number} ms, in {share:percent} of the size, with "
            "the same {score:term}."
        )
    return N_(
        "“{what:term}” answers a row in {mine:number} ms instead of {base:number} ms, in {share:percent} of the size; "
        "the {score:term} changes by {low:number} to {high:number}."
    )


def _moving(entry: OnlineLearning) -> str:
    if entry.classes:
        return N_(
            "A learner that goes on learning is right in {online:percent} of {rows:count} later rows, one left as it was in "
            "{fixed:percent} (better by {low:points} to {high:points} points)."
        )
    return N_(
        "A learner that goes on learning errs less: {online:number} instead of {fixed:number} of the target's spread on "
        "{rows:count} later rows."
    )


def _still(entry: OnlineLearning) -> str:
    if entry.classes:
        return N_(
            "No gain from learning on: right in {online:percent} of {rows:count} later rows, left as it was in {fixed:percent}."
        )
    return N_("No gain from learning on: its error changes by {low:number} to {high:number} of the target's spread.")


NADEAU: Final = "accuracy: Nadeau and Bengio 2003, doi:10.1023/A:1024068626366"
FASTER: Final = Rule[Faster](
    code="DEP001",
    title=N_("The same answers for less"),
    says=_faster,
    why=N_("A smaller file starts faster and costs less; a faster answer leaves time for everything else in a request."),
    remedy=N_(
        "Download the file below and serve it: it takes raw rows. Compare its answers with the old ones before you switch."
    ),
    statistic=N_("Median time of one answer, size of the file, and the score on held-out rows, all side by side."),
    source="ONNX; " + NADEAU,
    severity=Severity.INFO,
    thresholds={
        "faster_at": Shown(N_("Times as fast that counts"), Unit.NUMBER),
        "smaller_at": Shown(N_("Share of the size that counts"), Unit.SHARE),
        "lost_at": Shown(N_("Loss of score that is accepted"), Unit.NUMBER),
    },
)
WORSE: Final = Rule[Costly](
    code="DEP002",
    title=N_("A smaller variant costs accuracy"),
    says=N_(
        "“{what:term}” answers {times:number} times as fast in {share:percent} of the size, but the {score:term} is worse by "
        "{least:number} to {most:number}."
    ),
    why=N_("What was gained in size or time is paid for in wrong answers."),
    remedy=N_("Take another variant, a larger student, or quantise only some layers; never swap without this comparison."),
    statistic=N_("Difference of the score on held-out rows, same folds."),
    source="Jacob et al. 2018, arXiv:1712.05877; Buciluă et al. 2006, doi:10.1145/1150402.1150464; " + NADEAU,
    severity=Severity.INFO,
)
MOVING: Final = Rule[OnlineLearning](
    code="DEP003",
    title=N_("Learning on pays"),
    says=_moving,
    why=N_("What was true when the model was trained changes; one that goes on learning follows."),
    remedy=N_("Retrain often, or learn on as answers become known; keep a fixed copy beside it, and stop if it falls behind."),
    statistic=N_(
        "Each row is answered first and learnt from afterwards; blocks of rows are compared with a learner left as it was."
    ),
    source="Gama et al. 2013, On evaluating stream learning algorithms, doi:10.1007/s10994-012-5320-9; Newey and West 1987",
    thresholds={
        "learns_at": Shown(N_("Gain of online learning that counts"), Unit.NUMBER),
    },
)
STILL: Final = Rule[OnlineLearning](
    code="DEP004",
    title=N_("Learning on brings nothing here"),
    says=_still,
    why=N_("An online learner is one more thing that can break; without a gain it is not worth it."),
    remedy=N_("Leave the model fixed and watch it: retrain when its score falls."),
    statistic=N_(
        "Each row is answered first and learnt from afterwards; blocks of rows are compared with a learner left as it was."
    ),
    source="Gama et al. 2013, On evaluating stream learning algorithms, doi:10.1007/s10994-012-5320-9; Newey and West 1987",
    severity=Severity.INFO,
    thresholds={
        "learns_at": Shown(N_("Gain of online learning that counts"), Unit.NUMBER),
    },
)
SERVED: Final = Rule[UploadedSpeed](
    code="DEP005",
    title=N_("The uploaded model's own speed"),
    says=N_(
        "{file:name} answers one row in {p50:number} ms (99 of 100 within {p99:number} ms), and {rows:count} rows at once in "
        "{all:number} ms."
    ),
    why=N_("A model that is slow for one row is slow for everybody."),
    remedy=N_("If one row at a time is slow and many are not, answer rows in batches. Else try the ways to a smaller model."),
    statistic=N_("Time of one answer through the confined process that runs the file here, its pipe included."),
    source="Measured on this machine",
    severity=Severity.INFO,
)
RULES: Final = (FASTER, WORSE, MOVING, STILL, SERVED)
