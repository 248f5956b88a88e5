"""The ranked causes: one sentence, its proof, what to do; then for, against, not checked."""

from __future__ import annotations

from typing import Final

import streamlit as st

from diagnostics.catalogue import STEP_TITLES
from diagnostics.causes.cause import Cause
from diagnostics.investigation import Investigation
from diagnostics.nouns.cause_kind import Family
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import pictured
from diagnostics.report.outline import PROOFS
from pages.parts import visit as visits
from pages.parts.cards import badge, picture, remedy, show
from pages.parts.chosen import chosen
from pages.parts.guard import REPORT, ROOT, START, STEP_SCRIPTS
from pages.parts.guesses import exchange, guessed
from pages.parts.header import header, states
from pages.parts.needs import needs_link
from pages.parts.step import concluded, remarked, say, unreadable
from pages.parts.text import plain, sentence, statement
from pages.parts.visit import Visit

WEIGHT: Final = ((1.5, N_("counts much")), (0.6, N_("counts")), (0.2, N_("counts a little")))
"""Least amount of log-odds for each word; what adds less is not worth a line."""

SURE: Final = ((0.9, N_("very likely")), (0.7, N_("likely")), (0.5, N_("possible")), (0.0, N_("a weak lead")))
"""Lower bounds of the confidence and the words for it."""


SERVED: Final = (Family.OPERATIONS, Family.CODE)
"""Families whose causes lie outside the rows: nothing in a table can be undone for them."""


def board_page() -> None:
    visit = visits.enter()
    investigation, _ = visits.investigated(visit)
    words = visit.words
    header(visit.title, states(investigation), words, visit.link)
    if not visit.scope.whole:
        chosen(investigation.incident, visit)
    unreadable(investigation.incident, visit)
    remarked(investigation, visit)
    guessed(investigation.incident, visit)
    exchange(investigation, visit)
    first = investigation.conclusion.cause
    rivals = investigation.causes[1:] if first else investigation.causes
    if first is not None:
        _first(first, investigation, visit)
    else:
        _nothing(investigation, visit)
    if rivals:
        st.subheader(words(N_("Less likely")) if first else words(N_("Weak leads")), anchor=False)
        for position, cause in enumerate(rivals):
            with st.expander(line(cause, words), key=f"cause-{position}"):
                _details(cause, investigation, visit)
    _not_checked(investigation, visit)
    if st.button(words(N_("Next: the report")), type="primary", key="next"):
        st.switch_page(ROOT / REPORT, query_params=visit.link)


def line(cause: Cause, words: Words) -> str:
    """What it is, how sure that is, and what happened, as safe Markdown."""
    title = f"**{plain(words(cause.kind.title))}**"
    return words(N_("{title}, {sure}. {what}"), title=title, sure=confidence(cause, words), what=statement(cause, words))


def confidence(cause: Cause, words: Words) -> str:
    """The confidence as words and a number, as safe Markdown."""
    word = next(text for bound, text in SURE if cause.confidence >= bound)
    return plain(words(N_("{word} ({share:percent} sure)"), word=words(word), share=cause.confidence))


def _first(cause: Cause, investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    title = plain(words(cause.kind.title))
    st.markdown(f":red[**{title}**] · {confidence(cause, words)}")
    say(statement(cause, words))
    _proof(cause, investigation, visit, key="proof")
    with st.container(border=True):
        remedy(cause, words)
    _facts(cause, words)
    _grounds(cause, investigation, visit)


def _details(cause: Cause, investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    _proof(cause, investigation, visit, key=f"proof-{cause.code}-{'-'.join(cause.columns)[:80]}")
    remedy(cause, words)
    _facts(cause, words)
    _grounds(cause, investigation, visit)


def _proof(cause: Cause, investigation: Investigation, visit: Visit, *, key: str) -> None:
    """What the undo showed; where nothing could be undone, the picture of the finding that speaks loudest for the cause."""
    words = visit.words
    for told in cause.proof(words):
        st.markdown(plain(told))
    shown = pictured.of_proof(cause, words)
    if shown is not None:
        show(shown, visit, key=key)
        return
    for check, finding in pictured.supporting(cause, investigation.checks, words):
        if picture(check, finding, visit, alt=finding.statement(words), key=key):
            return


def _facts(cause: Cause, words: Words) -> None:
    facts = {}
    if cause.columns:
        facts[words(N_("Columns at fault"))] = plain(", ".join(cause.columns))
    if cause.segment:
        facts[words(N_("Group"))] = plain(words.phrase(cause.segment))
    facts[words(N_("Since"))] = plain(words.time(cause.since) if cause.since else words(N_("not known")))
    if cause.explains is None and cause.likeness is None and cause.family not in SERVED and "code" not in cause.evidence:
        facts[words(N_("Undo"))] = plain(words(N_("could not be replayed on these data")))
    st.table(facts, border="horizontal", width="content", alt=words(N_("Facts about this cause")))


def _weighed(cause: Cause, words: Words) -> None:
    """What the confidence consists of, the most telling first."""
    told = [
        words(N_("{ground}: {weight}, {direction}"), ground=words(part.says), weight=words(weight), direction=words(direction))
        for part in cause.weighed
        for weight in [next((text for bound, text in WEIGHT if abs(part.adds) >= bound), None)]
        for direction in [N_("for it") if part.adds > 0 else N_("against it")]
        if weight is not None
    ]
    if told:
        st.markdown(f"**{words(N_('Why {share:percent} sure'), share=cause.confidence)}**")
        st.markdown("\n".join(f"- {plain(line)}" for line in told))


def _grounds(cause: Cause, investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    _weighed(cause, words)
    for heading, codes in ((N_("For it"), cause.supports), (N_("Against it"), cause.against)):
        if not codes:
            continue
        st.markdown(f"**{words(heading)}**")
        for code in dict.fromkeys(codes):
            _ground(code, cause, investigation, visit)
    if cause.next_check:
        st.markdown(f"**{words(N_('What would decide it'))}** {sentence(cause.next_check, cause.evidence, words)}")
        st.page_link(ROOT / START, label=words(N_("Upload it on the start page →")), query_params=visit.link)


def _ground(code: str, cause: Cause, investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    if code in PROOFS:
        st.markdown(f"- {plain(words(PROOFS[code]))}")
        return
    for number in range(1, len(STEP_TITLES) + 1):
        found = [f for f in investigation.findings(number) if f.code == code]
        if not found:
            continue
        shared = [f for f in found if set(f.columns) & set(cause.columns)] or found
        st.markdown("\n".join(f"- {badge(finding, words)} {statement(finding, words)}" for finding in shared[:3]))
        st.page_link(
            ROOT / STEP_SCRIPTS[number - 1],
            label=words(N_("See step {number:count}, {title} →"), number=number, title=words(STEP_TITLES[number - 1])),
            query_params=visit.link,
        )
        return
    rule = next((r for check in investigation.checks for r in check.diagnostic.rules if r.code == code), None)
    if rule is not None:
        st.markdown(f"- {plain(words(N_('{title}: checked, not found.'), title=words(rule.title)))}")


def _nothing(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    ran = [check for check in investigation.checks if check.profile is not None]
    found = investigation.findings()
    concluded(investigation, words)
    if not ran:
        return
    rules = sum(len(check.diagnostic.rules) for check in ran)
    st.markdown(
        plain(
            words(
                N_("{rules:count} things were checked on your files, and nothing among them explains a worse model."), rules=rules
            )
        )
    )
    if found:
        st.markdown(
            plain(
                words(
                    N_("{count:count} changes were noted that do the model no harm, or too little to matter."), count=len(found)
                )
            )
        )
        for number in range(1, len(STEP_TITLES) + 1):
            noted = investigation.findings(number)
            if noted:
                st.page_link(
                    ROOT / STEP_SCRIPTS[number - 1],
                    label=words(
                        N_("Step {number:count}, {title}: {count:count} noted →"),
                        number=number,
                        title=words(STEP_TITLES[number - 1]),
                        count=len(noted),
                    ),
                    query_params=visit.link,
                )


def _not_checked(investigation: Investigation, visit: Visit) -> None:
    words = visit.words
    skipped = [check for check in investigation.checks if check.skipped]
    if not skipped:
        return
    with st.expander(words(N_("Not checked: {count:count}"), count=len(skipped))):
        st.markdown(words(N_("These could change the ranking. Each says what it lacks.")))
        reasons = {check.skipped.statement(words): check.skipped for check in skipped if check.skipped}
        for text, reason in reasons.items():
            st.markdown(f"- {plain(text)}")
            needs_link(reason.needs, words, visit.link)
