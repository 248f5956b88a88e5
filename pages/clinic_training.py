"""What went wrong in training, told from the log of the run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from diagnostics.clinic.training_history.check import BY_CODE, Diagnosed, Settings, TrainingHistories
from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE
from diagnostics.clinic.training_history.reading.columns import header, read_columns
from diagnostics.clinic.training_history.reading.mapped import by_numbers
from diagnostics.clinic.training_history.reading.names import EPOCH, STEP, guess
from diagnostics.clinic.training_history.record import not_sure
from diagnostics.clinic.training_history.snippets import snippets
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten
from diagnostics.pictures.clinic import training_history as drawing
from pages.parts.added import add_files
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.guard import ROOT
from pages.parts.text import plain, sentence

NONE = ""
PARTS = {
    LOSS: N_("Training loss"),
    VAL_LOSS: N_("Validation loss"),
    SCORE: N_("Training score (accuracy …)"),
    VAL_SCORE: N_("Validation score"),
    EPOCH: N_("Epoch"),
    STEP: N_("Step"),
    RATE: N_("Learning rate"),
    GRADIENT: N_("Gradient norm"),
}
TAKEN = N_(
    "What the training printed, or a file of Keras, PyTorch, Lightning, Hugging Face, XGBoost, LightGBM, CatBoost, "
    "YOLO, W&B, MLflow or TensorBoard: CSV, JSON, JSON Lines, text."
)
RECORDERS = ROOT / "diagnostics" / "clinic" / "training_history" / "recorders"


def settings(opened: Opened, last: Settings) -> Settings:
    """Which file is looked at, and, for a CSV of one's own, what its columns are."""
    words = opened.words
    add_files(opened, "training", N_("Training history"), TAKEN)
    files = list(opened.incident.training)
    if not files:
        return Settings()
    names = [file.name for file in files]
    chosen = names[0]
    if len(names) > 1:
        everything = [NONE, *names]
        chosen = st.selectbox(
            words(N_("History")),
            everything,
            index=everything.index(last.file) if last.file in everything else 0,
            format_func=lambda name: shorten(name) if name else words(N_("all of them")),
            key="training-file",
        )
    else:
        st.markdown(plain(words(N_("Looked at: {file:name}"), file=chosen)))
    file = files[names.index(chosen)] if chosen else None
    columns = header(file) if file is not None else ()
    if file is None or not columns:
        return Settings(file=chosen if len(names) > 1 else NONE)
    return Settings(file=chosen if len(names) > 1 else NONE, mapping=_mapping(file, columns, last, opened))


def _guess(file: Path, columns: tuple[str, ...]) -> tuple[dict[str, str], bool]:
    """The parts that the columns play, and whether their names say so rather than their numbers."""
    named = guess(columns)
    if {LOSS, VAL_LOSS, SCORE, VAL_SCORE} & named.keys():
        return named, True
    try:
        return by_numbers(read_columns(file)), False
    except BadInput:
        return named, False


def _mapping(file: Path, columns: tuple[str, ...], last: Settings, opened: Opened) -> tuple[tuple[str, str], ...]:
    """The parts that the columns play, folded away where their names say it."""
    words = opened.words
    told, by_name = _guess(file, columns)
    before = dict(last.mapping)
    unknown = not by_name
    chosen: dict[str, str] = {}
    with st.expander(words(N_("Columns of the file")), expanded=unknown or bool(before)):
        if unknown:
            st.markdown(
                words(N_("The names of the columns do not say what they are: check the choice, at least a loss or a score."))
            )
        for pair in (list(PARTS.items())[i : i + 4] for i in range(0, len(PARTS), 4)):
            for place, (part, label) in zip(st.columns(4), pair, strict=False):
                options = [NONE, *columns]
                wanted = before.get(part) if before else told.get(part)
                with place:
                    name = st.selectbox(
                        words(label),
                        options,
                        index=options.index(wanted) if wanted in options else 0,
                        format_func=lambda one: shorten(one) if one else words(N_("none")),
                        key=f"training-part-{part}",
                    )
                if name:
                    chosen[part] = name
    return () if chosen == told else tuple(chosen.items())


def below(p: TrainingHistories, opened: Opened) -> None:
    """What puts the remedy to work, the other problems, the other curves, and every run."""
    words = opened.words
    for file, why in p.problems:
        st.warning(plain(words(N_("{file:name}: {why}"), file=file, why=why.statement(words))))
    troubled = sorted((run for run in p.runs if run.found), key=lambda run: -run.found[0].confidence)
    lead = troubled[0] if troubled else p.runs[0]
    if lead.unsure:
        st.warning(plain(not_sure(lead.unsure, words)))
    if lead.found:
        _snippets(lead, opened)
    for problem in lead.found[1:]:
        said = sentence(problem.says, problem.numbers, words)
        st.markdown(f"{plain(words(N_('Also possible ({share:percent} sure):'), share=problem.confidence))} {said}")
    figure = drawing.draw_layers(lead.history, words)
    if figure is not None:
        text = words(N_("Gradient of each layer: where the first layer's lies far below the last layer's, it hardly learns."))
        st.subheader(words(N_("Gradients")), anchor=False)
        st.markdown(plain(text))
        plot(figure, opened.visit, alt=text, key="training-layers")
    for part, title in ((SCORE, N_("Score")), (RATE, N_("Learning rate")), (GRADIENT, N_("Gradient of the whole model"))):
        figure = drawing.draw_more(lead, part, words)
        if figure is not None:
            with st.expander(words(title)):
                plot(figure, opened.visit, alt=words(title), key=f"training-{part}")
    if len(p.runs) > 1:
        _runs(p, opened)
    for note in lead.history.notes:
        st.markdown(plain(note.statement(words)))
    _recorders(opened)


def _snippets(run: Diagnosed, opened: Opened) -> None:
    made = snippets(run.found[0].code, run.history.format)
    if not made:
        return
    for tab, lines in zip(st.tabs(list(made)), made.values(), strict=True):
        with tab:
            st.code(lines, language="python")


def _runs(p: TrainingHistories, opened: Opened) -> None:
    words = opened.words
    st.subheader(words(N_("All runs")), anchor=False)
    healthy = words(N_("Nothing wrong was found."))

    def result(run: Diagnosed) -> str:
        if run.unsure:
            return not_sure(run.unsure, words)
        return words(BY_CODE[run.found[0].code].title) if run.found else healthy

    st.dataframe(
        [
            {
                words(N_("file")): shorten(run.history.file),
                words(N_("format")): run.history.format,
                words(N_("epochs")): run.history.epochs,
                words(N_("lowest validation loss")): _lowest(run),
                words(N_("result")): result(run),
            }
            for run in p.runs[:20]
        ],
        hide_index=True,
        alt=words(N_("Every run with what was found")),
    )


def _lowest(run: Diagnosed) -> float | None:
    curve = run.history.curve(VAL_LOSS)
    return min(curve.y) if curve is not None and curve.y else None


def _recorders(opened: Opened) -> None:
    """One file to copy for each library: with gradients recorded, more can be told apart."""
    words = opened.words
    with st.expander(words(N_("Record gradients, so that more can be told"))):
        st.markdown(
            words(
                N_(
                    "Different problems often have the same losses. Copy one file beside your training script: it writes the "
                    "loss, and for each layer the gradient, the size of the updates and the dead units."
                )
            )
        )
        for tab, (title, name) in zip(
            st.tabs(["PyTorch", "Keras"]), (("PyTorch", "pytorch_recorder.py"), ("Keras", "keras_recorder.py")), strict=True
        ):
            with tab:
                text = Path(RECORDERS / name).read_text(encoding="utf-8")
                st.download_button(
                    words(N_("Download {name}"), name=name), data=text, file_name=name, key=f"recorder-{title}", on_click="ignore"
                )
                st.code(text, language="python", height=320)


clinic_page(
    "training_history",
    N_("What went wrong in training? The log of the run tells."),
    settings=settings,
    below=below,
    table=False,
    well=N_("Nothing wrong stands out in the history of this run."),
)
