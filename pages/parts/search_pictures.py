"""The pictures of a search, each under the sentence that says what to see, live and at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from diagnostics.clinic.search import sentences as says
from diagnostics.clinic.search.result import Search
from diagnostics.nouns.words import N_, Value, Words
from diagnostics.pictures.clinic import search as chart
from diagnostics.pictures.clinic import search_trials as trials
from diagnostics.pictures.shapes import Shape
from pages.parts.cards import plot
from pages.parts.text import plain, sentence
from pages.parts.visit import Visit

Draw = Callable[[Search, Words], Shape | None]

PICTURES: Final[dict[str, tuple[str, Callable[[Search], says.Sentence], Draw]]] = {
    "history": (N_("History of the search"), says.describe_history, chart.draw_history),
    "importances": (N_("What matters first"), says.describe_importance, chart.draw_importances),
    "parallel": (N_("All settings side by side"), says.describe_parallel, trials.draw_parallel),
    "slice": (N_("One setting at a time"), says.describe_slices, trials.draw_slices),
    "contour": (N_("Two settings as a map"), says.describe_contour, trials.draw_contour),
    "timeline": (N_("Timeline"), says.describe_timeline, trials.draw_timeline),
    "beside": (N_("Searches side by side"), says.describe_comparison, chart.draw_side_by_side),
}


def show_picture(name: str, p: Search, visit: Visit, *, key: str, heading: bool = True) -> None:
    """One picture with its heading and its sentence."""
    title, said, draw = PICTURES[name]
    words = visit.words
    message, values = said(p)
    if heading:
        st.subheader(words(title), anchor=False)
    st.markdown(sentence(message, values, words) if _has_names(values) else plain(words(message, **values)))
    plot(draw(p, words), visit, alt=words(message, **values), key=f"{key}-{name}")


def _has_names(values: dict[str, Value]) -> bool:
    return any(isinstance(value, str) for value in values.values())


def show_pictures(p: Search, visit: Visit, *, key: str) -> None:
    """All of them, one after the other."""
    for name in PICTURES:
        if name != "beside" or len(p.studies) > 1:
            show_picture(name, p, visit, key=key)


def show_live(p: Search, visit: Visit) -> None:
    """The sentence, and the picture that was chosen: drawing all of them twice a second would slow everybody's pages."""
    words = visit.words
    message, values = says.describe_progress(p)
    st.markdown(f"**{plain(words(message, **values))}**")
    shown = [name for name in PICTURES if name != "beside" or len(p.studies) > 1]
    chosen = st.segmented_control(
        words(N_("Picture")),
        shown,
        default="history",
        format_func=lambda name: words(PICTURES[name][0]),
        key="search-live",
        label_visibility="collapsed",
        required=True,
    )
    show_picture(chosen or "history", p, visit, key="live", heading=False)
