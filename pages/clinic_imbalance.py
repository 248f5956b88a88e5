"""A rare class: what the majority costs, which remedy costs least, and what SMOTE would add."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diagnostics.clinic.imbalance.check import Imbalance, Settings
from diagnostics.clinic.imbalance.lines import threshold_lines
from diagnostics.clinic.imbalance.methods import METHODS
from diagnostics.clinic.shared.compare import VERDICTS, Result
from diagnostics.clinic.shared.models import FAMILIES
from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import imbalance as drawing
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.measured import show_comparison
from pages.parts.synthetic import show_synthetic_rows
from pages.parts.text import plain

TRAINED = ("boosting", "linear", "forest", "tree", "neighbours", "network")


def settings(opened: Opened, last: Settings) -> Settings:
    """The model, and what a miss costs."""
    words = opened.words
    left, middle, right = st.columns(3)
    with left:
        family = st.selectbox(
            words(N_("Model")),
            TRAINED,
            index=TRAINED.index(last.family) if last.family in TRAINED else 0,
            format_func=lambda name: words(FAMILIES[name].title),
            key="imbalance-family",
        )
    with middle:
        cost = st.number_input(
            words(N_("A miss costs as much as so many false alarms")),
            min_value=0.1,
            max_value=10_000.0,
            value=float(min(10_000.0, max(0.1, last.cost))),
            key="imbalance-cost",
            help=words(N_("Missing a fraud may cost 100 checks of an honest payment: then give 100.")),
        )
    with right:
        neighbours = st.number_input(
            words(N_("Neighbours of SMOTE")),
            min_value=1,
            max_value=50,
            value=int(min(50, max(1, last.neighbours))),
            key="imbalance-neighbours",
            help=words(N_("Synthetic rows lie between a row and one of so many neighbours of its class.")),
        )
    more = st.checkbox(
        words(N_("Also try twelve further methods: ADASYN, Borderline-SMOTE, ENN, EasyEnsemble …")),
        value=last.further,
        key="imbalance-further",
        help=words(
            N_("All on the same folds; it takes about three times as long, and each interval is wider, as more are tried.")
        ),
    )
    return Settings(family=family, cost=float(cost), neighbours=int(neighbours), further=bool(more))


def below(p: Imbalance, opened: Opened) -> None:
    """What the majority costs, PR curves, calibration, and the preview."""
    words = opened.words
    said = N_(
        "Never naming {name} would be right in {majority:percent} of the rows; the model, with nothing done, is right in "
        "{accuracy:percent}, finds {found:count} of {rows:count} such rows and raises {alarms:count} false alarms."
    )
    plainly = p.ways[0]
    total = round(plainly.found / plainly.recall.value) if plainly.recall.value else p.rare_rows
    values = {"majority": p.majority, "accuracy": p.accuracy, "found": plainly.found, "rows": total, "alarms": plainly.alarms}
    st.markdown(plain(words(said, name=p.named, **values)))
    left, right = st.columns(2)
    shown = drawing.worth_drawing(p)
    with left:
        st.subheader(words(N_("Every limit at once")), anchor=False)
        text = words(N_("The further to the top right, the better a way ranks; the diamond is where it draws its line."))
        st.markdown(text)
        plot(drawing.draw_curves(p, words, shown), opened.visit, alt=text, key="imbalance-curves")
    with right:
        st.subheader(words(N_("Do the chances hold?")), anchor=False)
        text = words(N_("On the dotted line a chance of 30% is true in 30 of 100 rows; below it the model overstates."))
        st.markdown(text)
        changed = max(p.ways[1:], key=lambda way: way.told if way.name != "isolation" else -1.0, default=plainly)
        plot(
            drawing.draw_calibration(p, words, [plainly.name, changed.name]), opened.visit, alt=text, key="imbalance-calibration"
        )
    _threshold(p, opened)
    with st.expander(words(N_("The methods and when each helps"))):
        gains = {result.name: result for result in p.compared.remedies}
        rows = []
        for name, method in METHODS.items():
            result = gains.get(name)
            tried = result is not None and not result.skipped
            rows.append(
                {
                    words(N_("method")): plain(words(method.says)),
                    words(N_("when it helps")): plain(words(method.when)),
                    words(N_("here")): _gain(result, opened) if result is not None and tried else _why(result, opened),
                }
            )
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt=words(N_("The methods and when each helps")))
    with st.expander(words(N_("The same by other scores")), key="imbalance-others", on_change="rerun") as box:
        if box.open:
            for compared in p.others:
                show_comparison(compared, opened.visit, key=f"imbalance-{compared.metric}")
    show_synthetic_rows(p, opened)


def _gain(result: Result, opened: Opened) -> str:
    words = opened.words
    said = N_("{verdict:term}: saves {gain:number} ({low:number} to {high:number}) of the cost of 100 rows")
    values = {"gain": result.gain.value, "low": result.gain.low, "high": result.gain.high}
    return plain(words(said, verdict=VERDICTS[result.verdict], **values))


def _why(result: Result | None, opened: Opened) -> str:
    """Why a method has no result."""
    if result is None:
        return plain(opened.words(N_("not tried")))
    return plain(result.skipped.statement(opened.words))


def _threshold(p: Imbalance, opened: Opened) -> None:
    """The tuned limit with its interval, and the lines that use it."""
    if p.threshold is None:
        return
    words, limit = opened.words, p.threshold
    st.subheader(words(N_("The threshold to use")), anchor=False)
    said = N_(
        "Name {name} from a chance of {value:percent} on (between {low:percent} and {high:percent}), where misses and false "
        "alarms cost least on held-out rows; within that range the cost hardly changes."
    )
    st.markdown(plain(words(said, name=p.named, value=limit.value, low=limit.low, high=limit.high)))
    st.code(threshold_lines(p), language="python", wrap_lines=True)


clinic_page(
    "imbalance",
    N_("Is one class so rare that the model misses it, and what helps?"),
    settings=settings,
    below=below,
)
