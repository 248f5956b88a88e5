"""The page Columns: how the tables were read, and the form that corrects which column plays which part."""

from __future__ import annotations

from enum import Enum

import streamlit as st

from diagnostics.keep import investigation_job, store
from diagnostics.measure import engine
from diagnostics.nouns.incident import Incident, Roles, Task
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, shorten
from diagnostics.read.folder import MAY_BE_NONE
from pages.parts import visit as visits
from pages.parts.aside import set_aside
from pages.parts.guard import ROOT, START, STEP_SCRIPTS
from pages.parts.header import header, states
from pages.parts.jobs import job_queue
from pages.parts.reading import table_as_read
from pages.parts.roles import role_sentences
from pages.parts.step import remarked, say, unreadable
from pages.parts.text import plain
from pages.parts.visit import Visit


class Choice(Enum):
    """What a form may say of a role instead of naming a column; no text, as a column may have any name."""

    GUESS = "guess"
    NONE = "none"


CHOICES = {Choice.GUESS: N_("guess it"), Choice.NONE: N_("there is none")}

LEVELS_CAP = 50
"""Classes offered for "the class to be found"."""


def columns_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit, whole=True)
    incident, words = investigation.incident, visit.words
    header(visit.title, states(investigation), words, visit.link)
    if st.session_state.pop("roles-saved", False):
        st.success(words(N_("Saved, and everything was checked again.")))
    tables = incident.reference is not None or incident.current is not None
    say(plain(words(N_("This is how your tables were read.") if tables else N_("There is no table to read columns from."))))
    unreadable(incident, visit)
    remarked(investigation, visit)
    if not tables:
        st.markdown(
            words(N_("The steps that need no table are not affected. To have rows compared, give them on the start page."))
        )
        st.page_link(ROOT / START, label=words(N_("Upload them on the start page →")), query_params=visit.link)
        return
    for name, side, table in (
        (N_("Reference"), "reference", incident.reference),
        (N_("Current"), "current", incident.current),
    ):
        table_as_read(words(name), side, table, visit)
    st.subheader(words(N_("Which column plays which part")), anchor=False)
    st.markdown("\n".join(f"- {line}" for line in role_sentences(incident, words)))
    set_aside(visit)
    if not visit.read_only:
        _form(incident, visit)
    if st.button(words(N_("Next: step 1, Confirm")), key="next"):
        st.switch_page(ROOT / STEP_SCRIPTS[0], query_params=visit.link)


def _form(incident: Incident, visit: Visit) -> None:
    words, roles = visit.words, incident.roles
    names = list(dict.fromkeys([*(incident.reference or ()), *(incident.current or ())]))
    columns = list(dict.fromkeys(column.name for column in names))
    said = store.stated(visit.incident or "")
    st.subheader(words(N_("Correct it")), anchor=False)
    with st.container(border=True, key="roles"):

        def choose(label: str, role: str, names: list[str]) -> str | Choice:
            options: list[str | Choice] = [Choice.GUESS, *([Choice.NONE] if role in MAY_BE_NONE else []), *names]
            chosen = getattr(roles, role) or (Choice.NONE if role in MAY_BE_NONE and role in said else Choice.GUESS)
            return st.selectbox(
                words(label),
                options,
                index=options.index(chosen) if chosen in options else 0,
                format_func=lambda option: words(CHOICES[option]) if isinstance(option, Choice) else shorten(option),
                key=f"role-{role}",
            )

        left, right = st.columns(2)
        with left:
            target = choose(N_("Column with the true answer (target)"), "target", columns)
            prediction = choose(N_("Column with the model's answer (prediction)"), "prediction", columns)
            timestamp = choose(N_("Column with the time (timestamp)"), "timestamp", columns)
            group = choose(N_("Column of customers or machines with several rows each (group)"), "group", columns)
        with right:
            id_ = choose(N_("Column that identifies a row (id)"), "id", columns)
            positive = choose(N_("Class to be found (positive class)"), "positive", _levels(incident, target))
            tasks = [str(task) for task in Task]
            task = st.selectbox(
                words(N_("What the model does (task)")),
                tasks,
                index=tasks.index(str(incident.task)) if incident.task else None,
                placeholder=words(CHOICES[Choice.GUESS]),
                format_func=lambda name: words(
                    N_("chooses among classes") if name == Task.CLASSIFICATION else N_("predicts a number")
                ),
                key="role-task",
            )
        segments = st.multiselect(
            words(N_("Groups to compare (segments)")),
            columns,
            default=[name for name in roles.segments if name in columns],
            format_func=shorten,
            placeholder=words(N_("every column of few values")),
            key="role-segments",
        )
        calendar = st.multiselect(
            words(N_("Columns that follow from the time (calendar)")),
            columns,
            default=[name for name in roles.calendar if name in columns],
            format_func=shorten,
            placeholder=words(N_("none: every column is compared")),
            help=words(
                N_("A month, a week or a running number. Take out what is not a calendar column, and it is compared again.")
            ),
            key="role-calendar",
        )
        if st.button(words(N_("Save and check again")), type="primary", key="roles-save"):
            chosen = {"target": target, "prediction": prediction, "timestamp": timestamp, "id": id_, "group": group}
            chosen["positive"] = positive
            none = {role for role, choice in chosen.items() if choice is Choice.NONE}
            none |= {role for role, columns_ in (("segments", segments), ("calendar", calendar)) if not columns_}
            named = {role: choice for role, choice in chosen.items() if not isinstance(choice, Choice)}
            if named.get("target") != roles.target and "task" in incident.guessed and task == incident.task:
                # The task that is shown was guessed for the target of before.
                task = None
            made = Roles(
                target=named.get("target"),
                prediction=named.get("prediction"),
                timestamp=named.get("timestamp"),
                id=named.get("id"),
                positive=named.get("positive"),
                segments=tuple(segments),
                group=named.get("group"),
                calendar=tuple(calendar),
            )
            _save(made, none, task, visit)


def _save(roles: Roles, none: set[str], task: str | None, visit: Visit) -> None:
    try:
        store.write_roles(visit.incident or "", roles, none=none, task=task)
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return
    for name in ("target", "prediction", "timestamp", "id", "positive", "task", "segments", "group", "calendar"):
        # The form shows what the file says once it is read again, not what was typed last.
        st.session_state.pop(f"role-{name}", None)
    st.session_state["roles-saved"] = True
    investigation_job.ask(job_queue(), visit.incident or "")
    st.rerun()


def _levels(incident: Incident, chosen: str | Choice) -> list[str]:
    """Classes of the target that is `chosen`, most frequent first; of the target in use, its positive class is always there."""
    table = incident.reference or incident.current
    target = incident.roles.target if isinstance(chosen, Choice) else chosen
    other = target != incident.roles.target
    found: list[str] = []
    if table is not None and target in table and (other or incident.task is not Task.REGRESSION):
        values = engine.sample(table, seed=incident.seed)[target].dropna()
        counts = values.value_counts()
        if len(counts) <= LEVELS_CAP:
            found = [f"{level:g}" if isinstance(level, float) else str(level) for level in counts.index]
    if incident.roles.positive and incident.roles.positive not in found and not other:
        found.append(incident.roles.positive)
    return found
