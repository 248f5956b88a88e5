"""The page One column: its values, its course, what goes with it, what stands in it, how it was read, and what to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pandas as pd
import streamlit as st

from diagnostics.causes.cause import Cause
from diagnostics.investigation import Investigation
from diagnostics.looking.column import ColumnLook, Facts, TextLook, look
from diagnostics.looking.overview import LIKELY, PARTS, names, part_of
from diagnostics.looking.texts import Texts
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.words import N_, Words, shorten
from diagnostics.pictures import looking as drawing
from diagnostics.pictures.shapes import Shape
from pages.parts import signin
from pages.parts import visit as visits
from pages.parts.aside import say as say_aside
from pages.parts.cards import badge, plot
from pages.parts.chosen import chosen, without
from pages.parts.export import csv_bytes
from pages.parts.guard import ALL_COLUMNS, ROOT, STEP_SCRIPTS
from pages.parts.header import header, states
from pages.parts.looked import counted
from pages.parts.reading import KINDS
from pages.parts.review_causes import name_cause
from pages.parts.review_edits import opened, told
from pages.parts.step import say
from pages.parts.taken import take_along
from pages.parts.text import plain, sentence, statement
from pages.parts.visit import Visit, look_at

COLUMN: Final = "column"
BY: Final = "by"
DONE: Final = "column-done"


def one_column_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit)
    incident, words = investigation.incident, visit.words
    header(visit.title, states(investigation), words, visit.link)
    chosen(incident, visit)
    columns = names(incident)
    if not columns:
        say(plain(words(N_("There is no table, so there are no columns to look at."))))
        return
    name, by = _picked(columns, visit)
    if message := st.session_state.pop(DONE, None):
        st.success(plain(words(message)))
    findings = sorted((f for f in investigation.findings() if name in f.columns), key=lambda f: (f.segment is not None, f.rank))
    _headline(name, findings, investigation, visit)
    found = counted(visit, ("column", name, by, *visit.link.items()), incident.fingerprint, lambda: look(incident, name, by=by))
    if found is not None:
        _pictures(found, _since(name, findings, investigation), visit)
        _numbers(found, visit)
    if findings:
        _findings(findings, investigation, visit)
    if not visit.read_only:
        _actions(name, findings, investigation, visit)
    take_along(visit, "column")
    st.page_link(ROOT / ALL_COLUMNS, label=words(N_("← All columns")), query_params=visit.link)


def _picked(columns: Sequence[str], visit: Visit) -> tuple[str, str | None]:
    """The column and the one it is split by, from the link; a choice goes into the link."""
    words = visit.words
    asked, split = st.query_params.get(COLUMN), st.query_params.get(BY)
    name = asked if asked in columns else st.session_state.get(COLUMN)
    name = name if isinstance(name, str) and name in columns else columns[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            words(N_("Column")), columns, index=columns.index(name), format_func=shorten, key=f"pick-{name}", width=320
        )
        others = [one for one in columns if one != name]
        by = st.selectbox(
            words(N_("Split by")),
            others,
            index=others.index(split) if split in others else None,
            format_func=shorten,
            placeholder=words(N_("nothing")),
            key=f"split-{name}",
            width=260,
        )
    name = picked or name
    by = by if by != name else None
    st.session_state[COLUMN] = name
    for key, value in ((COLUMN, name), (BY, by)):
        if value is None:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value
    return name, by


def _headline(name: str, findings: Sequence[Finding], investigation: Investigation, visit: Visit) -> None:
    words, incident = visit.words, investigation.incident
    cause = next((one for one in investigation.causes if name in one.columns and one.confidence >= LIKELY), None)
    if cause is not None or findings:
        say(statement(cause or findings[0], words))
        return
    part = part_of(name, incident.roles)
    tables = [table for table in (incident.reference, incident.current) if table is not None]
    if len(tables) < 2 or not all(name in table for table in tables):
        say(sentence(N_("{column} stands in one table only, so it was not compared."), {"column": name}, words))
    elif part:
        said = N_("{column} is no feature ({part:term}). No check found anything wrong with it.")
        say(sentence(said, {"column": name, "part": PARTS[part]}, words))
    else:
        say(sentence(N_("No check found anything wrong with {column}."), {"column": name}, words))


def _since(name: str, findings: Sequence[Finding], investigation: Investigation) -> datetime | None:
    """When the column changed, by the cause that names it, else by the first finding that is dated."""
    said: list[Cause | Finding] = [
        *(cause for cause in investigation.causes if name in cause.columns and cause.confidence >= LIKELY),
        *findings,
    ]
    return next((one.since for one in said if one.since is not None), None)


def _pictures(found: ColumnLook, since: datetime | None, visit: Visit) -> None:
    words, name = visit.words, found.name
    if found.distribution is not None:
        drawn = drawing.distribution(found.distribution, name, words)
        _picture(words(N_("Values in both tables")), drawn, "values", visit)
    if found.course is not None:
        _picture(
            words(drawing.about_course(found.course)), drawing.course(found.course, name, words, since=since), "course", visit
        )
    if found.target is not None:
        title = words(N_("Held against the label: {what}"), what=drawing.about(found.target, words))
        _picture(title, drawing.against(found.target, name, words), "target", visit)
    if found.loss is not None:
        title = words(N_("Where the model is wrong: {what}"), what=drawing.about(found.loss, words))
        _picture(title, drawing.against(found.loss, name, words), "loss", visit)
    if found.split is not None:
        title = words(N_("By {column:name}: {what}"), column=found.split.by, what=drawing.about(found.split.summary, words))
        _picture(title, drawing.against(found.split.summary, found.split.by, words), "split", visit)
        panels = drawing.panels(found.split, name, words)
        for place in range(0, len(panels), 2):
            for slot, (title, shape) in zip(st.columns(2), panels[place : place + 2], strict=False):
                with slot:
                    _picture(title, shape, f"panel-{title}", visit, height=260)


def _picture(title: str, shape: Shape | None, key: str, visit: Visit, *, height: int | None = None) -> None:
    """A picture under its title; the title is what it says to those who cannot see it."""
    if shape is None:
        return
    st.subheader(plain(title), anchor=False)
    plot(shape, visit, alt=title, key=f"look-{key}", height=height)


def _numbers(found: ColumnLook, visit: Visit) -> None:
    words = visit.words
    st.subheader(words(N_("What stands in it, and how it was read")), anchor=False)
    sides = [(N_("reference"), found.facts.reference), (N_("current"), found.facts.current)]
    told = {words(side): _facts(facts, words) for side, facts in sides if facts is not None}
    frame = pd.DataFrame(told)
    st.table(frame, border="horizontal", width="content", alt=words(N_("Numbers of the column on both sides")))
    given = [(side, facts) for side, facts in sides if facts is not None]
    for slot, (side, facts) in zip(st.columns(max(1, len(given))), given, strict=True):
        with slot:
            st.markdown(f"**{words(N_('Commonest values, {side:term}'), side=side)}**")
            shown = {plain(shorten(value)): words.percent(share) for value, share in facts.common}
            st.table(shown, border="horizontal", width="content", alt=words(N_("Commonest values with their share of the rows")))
    if found.unseen:
        listed = ", ".join(f"**{plain(shorten(value))}** ({words.percent(share)})" for value, share in found.unseen)
        st.markdown(f"{words(N_('In no row of the reference:'))} {listed}")
    if found.texts is not None:
        _texts(found.texts, words)
    st.download_button(
        words(N_("Download these numbers (.csv)")),
        data=lambda: csv_bytes(frame.rename_axis(words(N_("number"))).reset_index()),
        file_name="column.csv",
        mime="text/csv",
        key="column-download",
        on_click="ignore",
    )


def _facts(facts: Facts, words: Words) -> dict[str, str]:
    told = {
        words(N_("read as")): words(KINDS[facts.kind]),
        words(N_("written as")): plain(facts.format) or words(N_("plainly")),
        words(N_("rows")): words.number(facts.rows),
        words(N_("missing values")): words.percent(facts.missing),
    }
    if facts.tokens:
        listed = ", ".join(f"{shorten(token) or '∅'} ({words.number(count)})" for token, count in facts.tokens[:5])
        told[words(N_("read as missing"))] = plain(listed)
    if facts.infinite:
        told[words(N_("infinite values"))] = words.number(facts.infinite)
    told[words(N_("different values"))] = words.number(facts.distinct)
    if facts.mean is not None:
        told[words(N_("mean"))] = words.number(facts.mean)
        told[words(N_("standard deviation"))] = words.number(facts.std)
    for label, value in zip(QUANTILES, facts.numbers, strict=False):
        told[words(label)] = words.number(value)
    if facts.between is not None:
        told[words(N_("first"))], told[words(N_("last"))] = (words.time(when) for when in facts.between)
    return told


QUANTILES: Final = (
    N_("smallest"),
    N_("5% lie below"),
    N_("a quarter lies below"),
    N_("half lies below"),
    N_("a quarter lies above"),
    N_("5% lie above"),
    N_("largest"),
)


def _texts(look: TextLook, words: Words) -> None:
    st.markdown(f"**{words(N_('The texts'))}**")
    sides = [(N_("reference"), look.sides.reference), (N_("current"), look.sides.current)]
    told = {words(side): _written(texts, words) for side, texts in sides if texts is not None}
    st.table(pd.DataFrame(told), border="horizontal", width="content", alt=words(N_("What the texts look like on both sides")))
    if look.new:
        listed = ", ".join(f"**{plain(shorten(word))}** ({words.percent(share)})" for word, share in look.new)
        st.markdown(f"{words(N_('Words that no reference text holds:'))} {listed}")


def _written(texts: Texts, words: Words) -> dict[str, str]:
    low, middle, high = (words.number(n) for n in texts.characters)
    return {
        words(N_("characters (middle; 5% to 95%)")): f"{middle} ({low} – {high})",
        words(N_("words in a text")): words.number(texts.words),
        words(N_("blank texts")): words.percent(texts.empty),
        words(N_("texts that stand there twice or more")): words.percent(texts.repeated),
        words(N_("digits among the characters")): words.percent(texts.digits),
        words(N_("capitals among the letters")): words.percent(texts.capitals),
        words(N_("letters that are not Latin")): words.percent(texts.foreign),
        words(N_("different words")): words.number(texts.vocabulary),
        words(N_("commonest words")): plain(", ".join(map(shorten, texts.common))),
    }


def _findings(findings: Sequence[Finding], investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    st.subheader(words(N_("What the checks found in it")), anchor=False)
    for number in range(1, len(STEP_SCRIPTS) + 1):
        here = [finding for finding in investigation.findings(number) if finding in findings]
        if here:
            st.markdown("\n".join(f"- {badge(finding, words)} {statement(finding, words)}" for finding in here))
            st.page_link(
                ROOT / STEP_SCRIPTS[number - 1],
                label=words(N_("See step {number:count} →"), number=number),
                query_params=visit.link,
            )


def _actions(name: str, findings: Sequence[Finding], investigation: Investigation, visit: Visit) -> None:
    words, roles = visit.words, investigation.incident.roles
    st.subheader(words(N_("What you know of it")), anchor=False)
    feature = name not in roles.named
    with st.container(horizontal=True, key="column-actions"):
        if feature and st.button(words(N_("Look again without it")), key="column-without", help=words(WITHOUT)):
            look_at(visit, without(name, visit.scope))
        if feature and st.button(words(N_("Not a feature")), key="column-aside", help=words(ASIDE)):
            _state("not_features", name, N_("Kept: the model does not get this column. Everything is checked again."), visit)
        if feature and st.button(words(N_("Ignore it")), key="column-ignore", help=words(IGNORE)):
            _state("ignore", name, N_("Kept: this column is left out of everything. Undo it on the page Columns."), visit)
        with st.popover(words(N_("This is the cause")), key="column-cause"):
            signin.name_field(words)
            said = findings[0].statement(words) if findings else words(N_("The column {name:name}"), name=name)
            what = st.text_input(words(N_("What it is")), said[:200], key=f"cause-what-{name}")
            why = st.text_input(words(N_("Why")), key=f"cause-why-{name}")
            if st.button(words(N_("Accept it as the cause")), type="primary", key="column-cause-yes") and what.strip():
                _accept(what.strip(), why, visit)


WITHOUT: Final = N_("All steps look at the tables as if this column were not there, until you choose all rows again.")
ASIDE: Final = N_("It stays in the tables; whatever asks what the model was given passes it over.")
IGNORE: Final = N_("It is left out of both tables for good, and no check speaks of it again.")


def _state(key: str, name: str, message: str, visit: Visit) -> None:
    """Keep what a person says of the column, and look again."""
    if say_aside(key, name, True, visit):
        st.session_state[DONE] = message
        st.rerun()


def _accept(what: str, why: str, visit: Visit) -> None:
    """A cause that a person names, as on the page Review."""
    held = opened(visit)
    if held is not None and name_cause(held, what, why, True, visit):
        st.session_state[DONE] = N_("Accepted as a cause; it stands on the page Review.")
        st.rerun()
    told(visit, "causes")
