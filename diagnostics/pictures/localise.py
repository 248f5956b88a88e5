"""Pictures of step 7, each under the name of its check: is it the model, the data, or the way between them?"""

from __future__ import annotations

import math

from diagnostics.checks.localise.fit.check import RARE, Fit
from diagnostics.checks.localise.simple_models.check import Scored, SimpleModels
from diagnostics.checks.localise.simple_models.models import NAMES
from diagnostics.checks.localise.swap_back.check import SwapBack
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.intervals import Interval
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures.marks import Axis
from diagnostics.pictures.shapes import Bars, Dumbbell, Pair, Row, Shape, columns_of
from diagnostics.pictures.style import Tone

SHOWN = 10


def simple_models(p: SimpleModels, finding: Finding | None, words: Words) -> Shape | None:
    """Loss of simple models beside the logged answers' on both tables; a rise beyond chance in the fault's colour."""
    models = [m for m in p.models if math.isfinite(m.reference.value) and math.isfinite(m.current.value)]
    rows = [Pair(label=_model(m, words), reference=m.reference, current=m.current, fault=m.rise.low > 0) for m in models]
    return Dumbbell(rows=rows, axis=Axis(title=words(p.unit), zero=True)) if rows else None


def _model(model: Scored, words: Words) -> str:
    if model.kind == "logged":
        return words(N_("your model, as logged"))
    if model.kind == "stand-in":
        return words(N_("a stand-in for your model"))
    text = words(NAMES[model.kind])
    return words(N_("{model} on {column}"), model=text, column=model.column) if model.column else text


def swap_back(p: SwapBack, finding: Finding | None, words: Words) -> Shape | None:
    """Share of the loss (or of the shift of the predictions) that comes back with each column set to its reference values, best
    first; without a loss how much each column weighs.
    """
    ranking = p.loss if p.loss is not None and p.loss.lost else p.shift
    if not ranking.lost or not ranking.columns:
        return _weights(p, words)
    named = columns_of(finding)
    rows = []
    if len(ranking.together) > 1:
        share = ranking.together_recovered
        tone = Tone.FINE if share >= 0.3 else Tone.REFERENCE
        label = words(N_("{count:count} columns together"), count=len(ranking.together))
        rows.append(Row(label=label, value=max(-0.5, min(1.5, share)), tone=tone, said=words.percent(share)))
    for c in ranking.columns[:SHOWN]:
        value = c.recovered
        drawn = Interval(*(max(-0.5, min(1.5, end)) for end in (value.value, value.low, value.high)))
        well = c.name in named or (not named and value.low > 0.1)
        rows.append(Row(label=c.name, value=drawn, tone=Tone.FINE if well else Tone.REFERENCE, said=words.percent(value.value)))
    unit = N_("share of the lost performance that comes back") if ranking is p.loss else N_("share of the shift that goes away")
    return Bars(rows=rows, axis=Axis(title=words(unit), form="%"))


def _weights(p: SwapBack, words: Words) -> Shape | None:
    rows = [Row(label=name, value=weight, said=words.percent(weight)) for name, weight in p.weights if weight > 0][:SHOWN]
    title = words(N_("how far the answers move when only this column is shuffled"))
    return Bars(rows=rows, axis=Axis(title=title, form="%")) if rows else None


def fit(p: Fit, finding: Finding | None, words: Words) -> Shape | None:
    """Mean loss of the logged predictions, of a small cross-fitted model, and of one constant; for a rare class its recall."""
    yours, small = words(N_("your model, as logged")), words(N_("a small cross-fitted model"))
    if finding is not None and finding.rule is RARE:
        rare = next((r for r in p.rare if r.name == finding.of.class_), None)
        if rare is not None:
            title = words(N_("rows of {name} that were found"), name=rare.name)
            rows = [
                Pair(label=yours, reference=rare.recall.reference, current=rare.recall.current, fault=True),
                Pair(label=small, reference=rare.found, current=None),
            ]
            return Dumbbell(rows=rows, axis=Axis(title=title, form="%", low=-0.02, high=1.02))
    models = ((yours, p.logged), (small, p.fresh), (words(N_("always the same answer")), p.dummy))
    rows = [
        Pair(label=label, reference=sides.reference, current=sides.current, fault=label == yours and finding is not None)
        for label, sides in models
    ]
    return Dumbbell(rows=rows, axis=Axis(title=words(N_("{unit} (lower is better)"), unit=words(p.unit)), zero=True))
