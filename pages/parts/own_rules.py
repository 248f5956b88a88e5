"""The page Own rules: what is expected of each column, proposed from the reference, changed in a table, taken away as code."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from diagnostics.keep import store
from diagnostics.looking.expectations import ASKS, Ask, Expectation, Kept, as_json, check, from_json, in_force, propose
from diagnostics.looking.guards import great_expectations, guard, guard_test, pandera
from diagnostics.looking.overview import names
from diagnostics.measure.outcome import frames
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words
from pages.parts import visit as visits
from pages.parts.header import header, states
from pages.parts.looked import counted
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

SAVED: Final = "rules-saved"
FILES: Final[tuple[tuple[str, str, Callable[[Sequence[Expectation]], str]], ...]] = (
    (N_("Guard (.py)"), "guard.py", guard),
    (N_("Its test (.py)"), "test_guard.py", lambda rules: guard_test()),
    (N_("pandera (.py)"), "schema_pandera.py", pandera),
    (N_("Great Expectations (.py)"), "suite_great_expectations.py", great_expectations),
)


def own_rules_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit, whole=True)
    incident, words = investigation.incident, visit.words
    header(visit.title, states(investigation), words, visit.link)
    if st.session_state.pop(SAVED, False):
        st.success(words(N_("The rules are kept with the incident.")))
    rules = _rules(incident, visit)
    if rules is None:
        return
    both = frames(incident)
    try:
        sides = [None if frame is None else check(rules, frame) for frame in (both.reference, both.current)]
    except BadInput as reason:
        st.error(plain(reason.statement(words)))
        sides = [None, None]
    if (now := sides[1]) is not None:
        # What does not hold comes first.
        order = sorted(range(len(rules)), key=lambda place: now[place].holds)
        rules = tuple(rules[place] for place in order)
        sides = [None if side is None else tuple(side[place] for place in order) for side in sides]
    _sentence(sides[1], words)
    _table(rules, sides, incident, visit)
    st.subheader(words(N_("Take the rules away")), anchor=False)
    st.markdown(
        words(
            N_(
                "The guard needs pandas alone and says which rules do not hold. Its test passes on the reference and fails on "
                "the rows of this incident: put both beside reference.csv and current.csv."
            )
        )
    )
    with st.container(horizontal=True):
        for label, file, write in FILES:
            st.download_button(
                words(label),
                data=write(rules).encode(),
                file_name=file,
                mime="text/x-python",
                key=f"rules-{file}",
                on_click="ignore",
            )


def _rules(incident: Incident, visit: Visit) -> tuple[Expectation, ...] | None:
    """Those kept with the incident, else those that the reference proposes."""
    words = visit.words
    kept = store.rules(visit.incident or "")
    if kept is not None:
        try:
            return from_json(kept)
        except BadInput as reason:
            st.warning(plain(reason.statement(words)))
    found = counted(visit, "rules", incident.fingerprint, lambda: propose(incident))
    if found is None:
        say(plain(words(N_("Own rules"))))
    return found


def _sentence(current: tuple[Kept, ...] | None, words: Words) -> None:
    if current is None:
        say(plain(words(N_("What you expect of each column"))))
        return
    held = [one for one in current if one.expectation.on]
    broken = [one for one in held if not one.holds]
    if broken:
        named = list(dict.fromkeys(one.expectation.column for one in broken))
        said = N_("{broken:count} of {rules:count} rules do not hold for the current rows: {columns:list}.")
        say(plain(words(said, broken=len(broken), rules=len(held), columns=named)))
    else:
        say(plain(words(N_("All {rules:count} rules hold for the current rows."), rules=len(held))))


def _table(rules: tuple[Expectation, ...], sides: list[tuple[Kept, ...] | None], incident: Incident, visit: Visit) -> None:
    words = visit.words
    asks = {words(ASKS[ask]): ask for ask in Ask}
    heads = {
        "on": words(N_("in force")),
        "column": words(N_("column")),
        "ask": words(N_("rule")),
        "low": words(N_("from")),
        "high": words(N_("to, or days")),
        "values": words(N_("values (one; two) or form")),
        "allowed": words(N_("may break it")),
        "reference": words(N_("break it: reference")),
        "current": words(N_("break it: current")),
    }
    frame = pd.DataFrame(
        [
            {
                heads["on"]: rule.on,
                heads["column"]: rule.column,
                heads["ask"]: words(ASKS[rule.ask]),
                heads["low"]: rule.low,
                heads["high"]: rule.high,
                heads["values"]: rule.pattern or "; ".join(rule.levels),
                heads["allowed"]: rule.allowed,
                heads["reference"]: _share(sides[0], place),
                heads["current"]: _share(sides[1], place),
            }
            for place, rule in enumerate(rules)
        ],
        columns=list(heads.values()),
    )
    share = st.column_config.NumberColumn(format="percent", min_value=0.0, max_value=1.0)
    edited = st.data_editor(
        frame,
        hide_index=True,
        num_rows="fixed" if visit.read_only else "dynamic",
        disabled=True if visit.read_only else [heads["reference"], heads["current"]],
        column_config={
            heads["on"]: st.column_config.CheckboxColumn(default=True),
            heads["column"]: st.column_config.SelectboxColumn(options=list(names(incident)), required=True),
            heads["ask"]: st.column_config.SelectboxColumn(options=list(asks), required=True),
            heads["low"]: st.column_config.NumberColumn(),
            heads["high"]: st.column_config.NumberColumn(),
            heads["allowed"]: share,
            heads["reference"]: st.column_config.NumberColumn(format="percent"),
            heads["current"]: st.column_config.NumberColumn(format="percent"),
        },
        key="rules-table",
        placeholder="–",
        alt=words(N_("Rules for the columns, and how many rows break each")),
    )
    if visit.read_only:
        return
    with st.container(horizontal=True):
        if st.button(words(N_("Keep these rules and check again")), type="primary", key="rules-keep"):
            _keep(_made(edited, heads, asks), visit)
        if st.button(words(N_("Propose them from the reference again")), key="rules-again"):
            _keep(propose(incident), visit)


def _share(side: tuple[Kept, ...] | None, place: int) -> float | None:
    """A column that is not there breaks its rule in every row."""
    return None if side is None else 1.0 if side[place].broken is None else side[place].broken


def _made(edited: pd.DataFrame, heads: dict[str, str], asks: dict[str, Ask]) -> tuple[Expectation, ...]:
    """The rules that the table holds; half-filled rows are none."""
    found = []
    for row in edited.to_dict("records"):
        column, ask = row[heads["column"]], asks.get(str(row[heads["ask"]]))
        if not isinstance(column, str) or not column or ask is None:
            continue
        text = row[heads["values"]] if isinstance(row[heads["values"]], str) else ""
        allowed = _number(row[heads["allowed"]])
        found.append(
            Expectation(
                column=column,
                ask=ask,
                low=_number(row[heads["low"]]),
                high=_number(row[heads["high"]]),
                levels=tuple(part.strip() for part in text.split(";") if part.strip()) if ask is Ask.SET else (),
                pattern=text if ask is Ask.PATTERN else "",
                allowed=0.0 if allowed is None else min(1.0, max(0.0, allowed)),
                on=row[heads["on"]] is not False,
            )
        )
    return tuple(found)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _keep(rules: tuple[Expectation, ...], visit: Visit) -> None:
    try:
        check(
            in_force(rules),
            pd.DataFrame({rule.column: pd.Series([""], dtype=object) for rule in rules if rule.ask is Ask.PATTERN}),
        )
        store.keep_rules(visit.incident or "", as_json(rules))
    except BadInput as reason:
        st.error(plain(reason.statement(visit.words)))
        return
    st.session_state[SAVED] = True
    st.session_state.pop("rules-table", None)
    st.rerun()
