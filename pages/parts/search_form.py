"""What a search is to look for: family, metric, budget, folds, kinds of search, and the space as a table to edit."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from diagnostics.clinic.search.check import Settings
from diagnostics.clinic.search.families import ROWS, families
from diagnostics.clinic.search.plan import METHODS, MOST_MINUTES, MOST_TRIALS, VALIDATIONS, WHY, Method, Validation
from diagnostics.clinic.search.space import MEANS, Line, Space, bounded_size, default_space, parse_table, tabulate
from diagnostics.clinic.search.suggestion import Suggestion, explain_metric, suggest
from diagnostics.clinic.shared.scores import METRICS
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_
from pages.parts.clinic import Opened
from pages.parts.text import plain

TRIALS, MINUTES = "trials", "minutes"
BUDGETS: Final = {TRIALS: N_("trials"), MINUTES: N_("minutes")}
FITTING: Final = ""


@st.cache_data(show_spinner=False, max_entries=32)
def _suggest(fingerprint: str, _opened: Opened) -> Suggestion:
    return suggest(_opened.incident)


def choose_settings(opened: Opened, last: Settings) -> Settings:
    """The widgets; the page ends here, with one sentence, where the table or the space cannot be searched."""
    words = opened.words
    try:
        seen = _suggest(opened.fingerprint, opened)
    except NotApplicable as reason:
        st.warning(plain(reason.statement(words)))
        st.stop()
    known = list(families())
    left, middle, right = st.columns(3)
    with left:
        family = st.selectbox(
            words(N_("Model family")),
            known,
            index=known.index(last.family) if last.family in known else 0,
            format_func=lambda name: words(families()[name].title),
            key="search-family",
        )
    with middle:
        options = [FITTING, *seen.metrics]
        metric = st.selectbox(
            words(N_("Metric")),
            options,
            index=options.index(last.metric) if last.metric in options else 0,
            format_func=lambda name: words(METRICS[name].says) if name else words(N_("the one that fits")),
            key="search-metric",
        )
    with right:
        validation = st.selectbox(
            words(N_("Validation")),
            seen.validations,
            index=seen.validations.index(last.validation) if last.validation in seen.validations else 0,
            format_func=lambda kind: words(VALIDATIONS[kind]),
            key="search-validation",
        )
    trials, minutes, parts = _choose_budget(opened, last)
    kind = seen.validation if validation is Validation.AUTO else validation
    said, values = explain_metric(seen)
    st.markdown(plain(f"{words(said, **values) if not metric else ''} {words(WHY[kind], parts=parts)}"))
    if family in ROWS and seen.rows > ROWS[family]:
        limited = N_("At most {rows:count} rows are used, as this family takes long on more.")
        st.markdown(plain(words(limited, rows=ROWS[family])))
    methods, pruning = _choose_methods(opened, last)
    space = _edit_space(opened, last, family, seen, methods)
    return Settings(
        family=family,
        metric=metric,
        methods=methods,
        trials=trials,
        minutes=minutes,
        validation=validation,
        parts=parts,
        pruning=pruning,
        space=space,
    )


def _choose_budget(opened: Opened, last: Settings) -> tuple[int, float, int]:
    words = opened.words
    left, middle, right = st.columns(3)
    with left:
        budget = st.segmented_control(
            words(N_("Budget in")),
            list(BUDGETS),
            default=MINUTES if last.minutes > 0 else TRIALS,
            format_func=lambda name: words(BUDGETS[name]),
            key="search-budget",
            required=True,
        )
    with middle:
        if budget == MINUTES:
            minutes = st.number_input(
                words(N_("Minutes")), 0.1, MOST_MINUTES, value=float(last.minutes or 5.0), step=1.0, key="search-minutes"
            )
            trials = last.trials
        else:
            minutes = 0.0
            trials = st.number_input(words(N_("Trials")), 1, MOST_TRIALS, value=last.trials, step=10, key="search-trials")
    with right:
        parts = st.number_input(words(N_("Folds")), 2, 10, value=min(10, max(2, last.parts)), key="search-folds")
    return int(trials), float(minutes), int(parts)


def _choose_methods(opened: Opened, last: Settings) -> tuple[tuple[Method, ...], bool]:
    words = opened.words
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        chosen = st.pills(
            words(N_("Kind of search (several run side by side, each with this budget)")),
            list(METHODS),
            selection_mode="multi",
            default=[method for method in last.methods if method in METHODS],
            format_func=lambda method: words(METHODS[method]),
            key="search-methods",
        )
    with right:
        pruning = st.toggle(
            words(N_("End hopeless trials early")),
            value=last.pruning,
            key="search-pruning",
            help=words(N_("After ten trials: one whose mean over its first folds lies below the median of the others.")),
        )
    if not chosen:
        st.warning(words(N_("Choose at least one kind of search.")))
    return tuple(chosen), pruning


def _edit_space(opened: Opened, last: Settings, family: str, seen: Suggestion, methods: tuple[Method, ...]) -> Space:
    words = opened.words
    # What is trained on: four fifths of the rows are searched on, and four fifths of these make up the others' fold.
    whole = default_space(family, seen.task, rows=max(10, int(0.6 * seen.rows)), imbalanced=True)
    usual = default_space(family, seen.task, rows=max(10, int(0.6 * seen.rows)), imbalanced=seen.imbalanced)
    before = last.space if last.space and last.family == family else usual
    names = {dimension.name for dimension in whole}
    before = tuple(dimension for dimension in before if dimension.name in names) or usual
    table = tabulate(before, whole)
    frame = pd.DataFrame(
        {
            "use": [line.use for line in table],
            "name": [line.name for line in table],
            "means": [words(MEANS[line.name]) for line in table],
            "low": pd.array([line.low for line in table], dtype="Float64"),
            "high": pd.array([line.high for line in table], dtype="Float64"),
            "log": [line.log for line in table],
            "steps": pd.array([line.steps for line in table], dtype="Int64"),
            "values": [line.values for line in table],
        }
    )
    with st.expander(words(N_("Search space of {family:term}"), family=families()[family].title)):
        changed = st.data_editor(
            frame,
            hide_index=True,
            num_rows="fixed",
            disabled=["name", "means"],
            key=f"search-space-{family}-{seen.task}-{hash(table)}",
            column_config={
                "use": st.column_config.CheckboxColumn(words(N_("Search"))),
                "name": st.column_config.TextColumn(words(N_("Setting"))),
                "means": st.column_config.TextColumn(words(N_("What it is"))),
                "low": st.column_config.NumberColumn(words(N_("From")), format="%.6g"),
                "high": st.column_config.NumberColumn(words(N_("To")), format="%.6g"),
                "log": st.column_config.CheckboxColumn(
                    words(N_("By factors")), help=words(N_("0.1, 1, 10 rather than 1, 2, 3: for settings whose size is unknown."))
                ),
                "steps": st.column_config.NumberColumn(words(N_("Steps of the grid")), min_value=1, max_value=50, step=1),
                "values": st.column_config.TextColumn(words(N_("Values, with commas"))),
            },
            alt=words(N_("The settings that are searched, with their ranges; every cell but the first columns can be changed")),
        )
        st.markdown(words(N_("A setting that is not ticked keeps its default. Preprocessing is fitted inside each fold.")))
    try:
        space = parse_table([_as_line(row) for row in changed.to_dict("records")], families()[family])
        points = bounded_size(space) if Method.GRID in methods else 0
    except BadInput as reason:
        st.error(plain(reason.statement(words)))
        st.button(words(N_("Search")), key="search-not-yet", disabled=True)
        st.stop()
    if points:
        said = N_("The grid has {points:count} points; as many of them are tried as the budget allows, in random order.")
        st.markdown(plain(words(said, points=points)))
    return space


def _as_line(row: dict[Any, Any]) -> Line:
    def number(value: Any) -> float | None:
        return None if pd.isna(value) else float(value)

    steps = number(row["steps"])
    return Line(
        use=bool(row["use"]),
        name=str(row["name"]),
        low=number(row["low"]),
        high=number(row["high"]),
        log=bool(row["log"]),
        steps=None if steps is None else int(steps),
        values=str(row["values"] or ""),
    )
