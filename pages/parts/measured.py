"""What a run of the clinic was measured on, and the remedies that it tried."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from diagnostics.clinic.shared.compare import VERDICTS, Compared, Verdict, translate
from diagnostics.clinic.shared.results import FinishedRun
from diagnostics.clinic.shared.training_set import SPLIT, WHY, Described
from diagnostics.nouns.words import N_, Value, Words, shorten
from diagnostics.pictures.clinic import compared as drawing
from pages.parts.cards import plot
from pages.parts.export import csv_bytes
from pages.parts.text import plain
from pages.parts.visit import Visit

SHOWN = 8
"""Columns named one by one among those that were left out."""


def show_remedies(profile: Any, visit: Visit, *, key: str) -> None:
    """The remedies of a profile that has `compared`: the gain of each, drawn and as a table."""
    compared = getattr(profile, "compared", None)
    if isinstance(compared, Compared) and compared.remedies:
        st.subheader(visit.words(N_("What was tried")), anchor=False)
        show_comparison(compared, visit, key=key)


def show_so_far(profile: Any, visit: Visit) -> None:
    """What is known while a run goes on: the model as it is, and each remedy with its gain so far."""
    compared, words = getattr(profile, "compared", None), visit.words
    if not isinstance(compared, Compared):
        return
    said = N_("So far, after round {done:count}: the {unit:term} on held-out rows. More rounds will move these numbers.")
    text = words(said, done=compared.folds, unit=compared.says)
    st.markdown(plain(text))
    rows = [
        {
            words(N_("what")): translate(words, result.says),
            words(N_("held-out score")): round(result.score.value, 4),
            words(N_("gain")): None if result is compared.before else round(result.gain.value, 4),
        }
        for result in (compared.before, *compared.ran)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=text)


def show_comparison(compared: Compared, visit: Visit, *, key: str, text: str = "") -> None:
    """One sentence (the verdict unless `text` is given, as safe Markdown), the picture, and the numbers folded."""
    words = visit.words
    text = text or describe_verdict(compared, words)
    st.markdown(text)
    plot(drawing.draw(compared, None, words), visit, alt=text.replace("\\", ""), key=f"{key}-compared")
    for result in compared.remedies:
        if result.skipped:
            said = N_("{remedy} could not be tried: {why}")
            st.markdown(plain(words(said, remedy=translate(words, result.says), why=result.skipped.statement(words))))
    with st.expander(words(N_("The numbers, before and after"))):
        frame = as_table(compared, words)
        st.dataframe(frame, hide_index=True, alt=words(N_("Score of each remedy before and after")))
        st.markdown(plain(words(HOW, folds=compared.folds, rows=compared.test_rows, train=compared.train_rows)))
        st.download_button(
            words(N_("Download these numbers (.csv)")),
            data=lambda: csv_bytes(frame),
            file_name="remedies.csv",
            mime="text/csv",
            key=f"{key}-remedies",
            on_click="ignore",
        )


HOW = N_(
    "Each was trained {folds:count} times on about {train:count} rows and judged on about {rows:count} others. "
    "The intervals mind that trainings share rows (corrected resampled t, Nadeau and Bengio 2003), and that several were tried."
)


def describe_verdict(compared: Compared, words: Words) -> str:
    """What came of the remedies, in one sentence as safe Markdown."""
    ran, best = compared.ran, compared.best
    if not ran:
        return plain(words(N_("None of the remedies could be tried on these rows.")))
    unit, before = translate(words, compared.says), compared.before.score.value
    if best is None:
        first = ran[0]
        values: dict[str, Value] = {
            "count": len(ran),
            "name": translate(words, first.says),
            "unit": unit,
            "low": _short(first.gain.low),
            "high": _short(first.gain.high),
        }
        said = N_(
            "No gain: of {count:count} tried, the best ({name}) changes the {unit} by {low:number} to {high:number}, "
            "which can be chance or is too little to matter."
        )
        if not (first.gain.value or first.gain.low or first.gain.high):
            said = N_("No gain: of {count:count} tried, the best ({name}) leaves the {unit} exactly as it is.")
        elif first.verdict is Verdict.WORSE:
            said = N_(
                "No gain: all {count:count} tried make the {unit} worse; {name} does the least harm ({low:number} to "
                "{high:number})."
            )
        return plain(words(said, **values))
    sign = 1.0 if compared.higher else -1.0
    return plain(
        words(
            N_(
                "{name} helps most: the {unit} goes from {before:number} to {after:number} "
                "(better by {low:number} to {high:number})."
            ),
            name=translate(words, best.says),
            unit=unit,
            before=before,
            after=before + sign * best.gain.value,
            low=_short(best.gain.low),
            high=_short(best.gain.high),
        )
    )


def _short(value: float) -> float:
    """A sentence has no use for the fifth decimal of a score."""
    return round(value, 4)


def as_table(compared: Compared, words: Words) -> pd.DataFrame:
    """One row per remedy: score with interval, gain with interval, verdict, score on the rows trained on."""
    rows = []
    for result in (compared.before, *compared.ran):
        first = result is compared.before
        rows.append(
            {
                words(N_("what")): translate(words, result.says),
                words(N_("held-out score")): round(result.score.value, 4),
                words(N_("from")): round(result.score.low, 4),
                words(N_("to")): round(result.score.high, 4),
                words(N_("gain")): None if first else round(result.gain.value, 4),
                words(N_("gain from")): None if first else round(result.gain.low, 4),
                words(N_("gain to")): None if first else round(result.gain.high, 4),
                words(N_("verdict")): words(N_("before")) if first else words(VERDICTS[result.verdict]),
                words(N_("score on the rows trained on")): round(result.trained, 4),
            }
        )
    return pd.DataFrame(rows)


def show_measured(found: FinishedRun, visit: Visit) -> None:
    """Which rows and columns, how they were held out, and how long it took."""
    words = visit.words
    data = getattr(found.profile, "data", None)
    if not isinstance(data, Described):
        return
    lines = [describe_rows(data, words), words(SPLIT[data.split])]
    if data.unlabelled:
        lines.append(words(N_("{count:count} rows without a target were left out."), count=data.unlabelled))
    if data.small:
        lines.append(words(N_("Classes with too few rows were left out: {names:list}."), names=data.small))
    st.markdown(plain(" ".join(lines)))
    if data.left_out:
        with st.expander(words(N_("Columns left out: {count:count}"), count=len(data.left_out))):
            said = N_("{column}: {why}")
            named = [
                f"- {plain(words(said, column=shorten(item.column), why=words(WHY[item.why])))}" for item in data.left_out[:SHOWN]
            ]
            if len(data.left_out) > SHOWN:
                named.append(f"- {plain(words(N_('and {rest:count} more'), rest=len(data.left_out) - SHOWN))}")
            st.markdown("\n".join(named))


def describe_rows(data: Described, words: Words) -> str:
    if data.drawn < data.whole:
        return words(
            N_("Measured on {rows:count} of {whole:count} rows, drawn with seed {seed:count}, and {columns:count} columns."),
            rows=data.rows,
            whole=data.whole,
            seed=data.seed,
            columns=data.features,
        )
    return words(
        N_("Measured on all {rows:count} usable rows and {columns:count} columns.")
        if data.rows < data.whole
        else N_("Measured on all {rows:count} rows and {columns:count} columns."),
        rows=data.rows,
        columns=data.features,
    )
