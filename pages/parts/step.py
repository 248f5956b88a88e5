"""One of the seven steps: the sentence, the picture that proves it, what to do, and all the rest folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from diagnostics.catalogue import STEP_TITLES
from diagnostics.conclusion import Standing
from diagnostics.investigation import Investigation
from diagnostics.nouns.check import Check, Status
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.words import N_, Words
from pages.parts import visit as visits
from pages.parts.cards import card, computed, meaning, offending, picture, remedy
from pages.parts.chosen import chosen
from pages.parts.guard import CAUSES, ROOT, START, STEP_SCRIPTS
from pages.parts.guesses import exchange, guessed
from pages.parts.header import header, states
from pages.parts.leads import clinic_link
from pages.parts.needs import needs_link
from pages.parts.taken import take_along
from pages.parts.text import plain, sentence, statement
from pages.parts.visit import Visit

__all__ = ["step_page"]


def step_page(
    number: int, order: Sequence[str], *, below: Callable[[Investigation, Visit], None] = lambda investigation, visit: None
) -> None:
    """Draw step `number` (1 to 7) of the open incident. order: its checks, the most telling first; below: after the findings."""
    visit = visits.enter()
    investigation, complete = visits.investigated(visit, step=number)
    incident, checks = investigation.incident, investigation.step(number)
    if complete:
        header(visit.title, states(investigation), visit.words, visit.link)
    if complete and not visit.scope.whole:
        chosen(incident, visit)
    unreadable(incident, visit)
    if number == 1:
        remarked(investigation, visit)
    else:
        _partly(checks, visit)
    if number == 1:
        guessed(incident, visit)
        exchange(investigation, visit)
    standing = investigation.standing(number)
    match standing.status:
        case Status.PROBLEM:
            found = [(check, f) for check in checks for f in check.findings]
            check, worst = min(found, key=lambda pair: _lead(pair[1]))
            _problem(number, check, worst, incident, visit)
            rest = [pair for pair in found if pair[1] is not worst]
        case Status.OK:
            _well(standing, number, order, checks, visit, limited=investigation.limited)
            rest = [(check, f) for check in checks for f in check.findings]
        case Status.SKIPPED:
            _skipped(standing, visit)
            rest = [(check, f) for check in checks for f in check.findings]
    if rest:
        st.subheader(visit.words(N_("Also found")), anchor=False)
        for position, (check, finding) in enumerate(sorted(rest, key=lambda pair: pair[1].rank)):
            card(check, finding, incident, visit, key=f"step{number}-card{position}")
    below(investigation, visit)
    take_along(visit, f"step-{number}")
    _silent(checks, visit, key=f"step{number}")
    _next(number, visit)


def unreadable(incident: Incident, visit: Visit) -> None:
    """Parts that were given and could not be read, each in one sentence; the other results stay."""
    for file, why in incident.unreadable:
        st.warning(plain(visit.words(N_("{file:name} could not be read: {why}"), file=file, why=why)))
    if incident.unreadable:
        st.page_link(ROOT / START, label=visit.words(N_("Give another file →")), query_params=visit.link)


def remarked(investigation: Investigation, visit: Visit) -> None:
    """What in the files limits the answer, and what to do about it."""
    for remark in investigation.remarks:
        st.warning(sentence(remark.says, remark.values, visit.words))


def _partly(checks: Sequence[Check], visit: Visit) -> None:
    """Files of this step that were read in part, or not at all."""
    for file, why in dict.fromkeys(pair for check in checks for pair in getattr(check.profile, "problems", ())):
        st.warning(plain(visit.words(N_("{file:name}: {why}"), file=file, why=why)))


def say(text: str) -> None:
    """The sentence of the page; `text` is safe Markdown."""
    with st.container(key="sentence"):
        # Bold names would not stand out in a heading.
        st.title(text.replace("**", "*"), anchor=False)


def _problem(number: int, check: Check, worst: Finding, incident: Incident, visit: Visit) -> None:
    words, key = visit.words, f"step{number}-worst"
    say(statement(worst, words))
    picture(check, worst, visit, alt=worst.statement(words), key=f"{key}-chart")
    with st.container(border=True):
        remedy(worst, words)
        clinic_link(worst, visit)
        offending(check, worst, incident, visit, key=key)
    with st.expander(words(N_("What does this mean?"))):
        meaning(worst, words)
    with st.expander(words(N_("How was this computed?"))):
        computed(worst, incident, visit, key=key)


def concluded(investigation: Investigation, words: Words) -> None:
    """The sentence about the whole, with a green tick only where all is known to be well."""
    conclusion = investigation.conclusion
    if conclusion.cause is not None:
        say(statement(conclusion.cause, words))
        return
    text = plain(conclusion.statement(words))
    say(f":green[✓] {text}" if conclusion.well else text)


def _well(standing: Standing, number: int, order: Sequence[str], checks: Sequence[Check], visit: Visit, *, limited: bool) -> None:
    text = standing.statement(visit.words)
    say(plain(text) if limited else f":green[✓] {plain(text)}")
    named = {check.name: check for check in checks}
    for name in order:
        check = named.get(name)
        if check and picture(check, None, visit, alt=text, key=f"step{number}-well"):
            return


def _lead(finding: Finding) -> tuple[object, ...]:
    """Worst first; of what is equally bad, what concerns all rows before what concerns one group of them."""
    severity, *rest = finding.rank
    return (severity, finding.segment is not None, *rest)


def _skipped(standing: Standing, visit: Visit) -> None:
    """Grey, never a tick: what is missing, and where to give it."""
    say(plain(standing.statement(visit.words)))
    st.markdown(visit.words(N_("The other steps are not affected.")))
    needs_link(standing.needs, visit.words, visit.link)


def _passed(checks: Sequence[Check]) -> list[str]:
    """Titles of the rules that were checked and did not fire, not even within chance."""
    fired = {finding.code for check in checks for finding in (*check.findings, *check.by_chance)}
    return [
        rule.title for check in checks if check.profile is not None for rule in check.diagnostic.rules if rule.code not in fired
    ]


def _silent(checks: Sequence[Check], visit: Visit, *, key: str) -> None:
    words = visit.words
    chance = [finding for check in checks for finding in check.by_chance]
    if chance:
        with st.expander(words(N_("Within what chance does: {count:count}"), count=len(chance))):
            st.markdown("\n".join(f"- {statement(finding, words)}" for finding in sorted(chance, key=lambda f: f.rank)))
    passed = _passed(checks)
    if passed:
        with st.expander(words(N_("Checked and found nothing wrong: {count:count}"), count=len(passed))):
            st.markdown("\n".join(f"- {plain(words(title))}" for title in passed))
    skipped = [check for check in checks if check.skipped]
    if skipped:
        with st.expander(words(N_("Could not be checked: {count:count}"), count=len(skipped))):
            for reason in dict.fromkeys(check.skipped.statement(words) for check in skipped if check.skipped):
                same = [check for check in skipped if check.skipped and check.skipped.statement(words) == reason]
                titles = [words(rule.title) for check in same for rule in check.diagnostic.rules]
                st.markdown(
                    f"**{plain(reason)}** {plain(words(N_('Then this can be checked: {what}.'), what=', '.join(titles)))}"
                )
                if same[0].skipped:
                    needs_link(same[0].skipped.needs, words, visit.link)
    for check in checks:
        if check.failed:
            text = N_("The check {name} failed on these data ({kind}); all other results stand. See the server's log.")
            st.warning(plain(words(text, name=check.name, kind=check.failed)))


def _next(number: int, visit: Visit) -> None:
    words = visit.words
    if number < len(STEP_TITLES):
        label = words(N_("Next: {title}"), title=words(STEP_TITLES[number]))
        target = STEP_SCRIPTS[number]
    else:
        label, target = words(N_("Next: the causes")), CAUSES
    if st.button(label, type="primary", key="next"):
        st.switch_page(ROOT / target, query_params=visit.link)
