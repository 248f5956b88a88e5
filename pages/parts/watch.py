"""The page of a watch: its course, what stands, any column over time, the calendar, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import streamlit as st

from diagnostics.causes.catalogue import title_of
from diagnostics.keep import store
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words
from diagnostics.pictures import train_again as again_charts
from diagnostics.pictures import watch as charts
from diagnostics.pictures.shapes import Shape
from diagnostics.watch import alerts, channels, incidents, records, sample
from diagnostics.watch.alerts import Alert, Sent
from diagnostics.watch.command import WATCHES, WatchJob
from diagnostics.watch.founding import compared
from diagnostics.watch.judge import missing_now
from diagnostics.watch.overview import VERDICTS, Overview, Verdict, overview
from diagnostics.watch.records import State, Watch
from diagnostics.watch.summary import SHOWN
from pages.parts import share, watch_form
from pages.parts import visit as visits
from pages.parts.cards import plot
from pages.parts.guard import CAUSES, ROOT
from pages.parts.jobs import job_queue
from pages.parts.step import say
from pages.parts.text import plain
from pages.parts.visit import Visit

PARAMETER: Final = "watch"
MINE: Final = "watches"
"""Ids of the watches that this session opened."""

FOR: Final = {
    N_("one day"): timedelta(days=1),
    N_("one week"): timedelta(days=7),
    N_("four weeks"): timedelta(days=28),
    N_("until I end it"): None,
}
TOPICS: Final = {
    alerts.Topic.CHANGE: N_("change"),
    alerts.Topic.MISSING: N_("missing batch"),
    alerts.Topic.UNREADABLE: N_("batch that could not be read"),
    alerts.Topic.SOURCE: N_("source out of reach"),
}


def watch_page() -> None:
    visit = visits.enter()
    words = visit.words
    named = st.query_params.get(PARAMETER)
    try:
        if named and not visit.read_only:
            st.session_state.setdefault(MINE, {})[named] = True
            _one(named, visit)
        else:
            _all(visit)
    except BadInput as reason:
        st.query_params.pop(PARAMETER, None)
        say(plain(words(N_("This watch cannot be shown."))))
        st.error(plain(reason.statement(words)))
        if st.button(words(N_("All watches")), key="all-watches"):
            st.rerun()


def show(watch: str) -> None:
    """Go to the page of a watch."""
    st.query_params[PARAMETER] = watch
    st.rerun()


def look_at(watch: str) -> WatchJob:
    """The look that runs or was just begun."""
    return job_queue().ask(WATCHES.name, WatchJob(key=watch, watch=watch), unless=lambda before: not before.ended.is_set())


def _all(visit: Visit) -> None:
    words = visit.words
    every = share.everything()
    seen = [one for one in records.all_watches() if every or one.id in st.session_state.get(MINE, {})]
    if seen:
        say(plain(words(N_("Watches: {count:count}."), count=len(seen))))
    else:
        say(plain(words(N_("Nothing is watched yet."))))
        about = N_(
            "A watch holds one batch after another against the same reference, and says what happened, since when and in which "
            "columns, as soon as it is more than chance."
        )
        st.markdown(plain(words(about)))
    for one in seen:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"item-watch-{one.id}"):
            standing = sum(alert.closed is None for alert in alerts.of_watch(one.id))
            state = words(N_("open alerts: {count:count}"), count=standing) if standing else words(N_("nothing open"))
            sign = ":red[✕]" if standing else ":green[✓]" if one.looked else ":gray[·]"
            st.markdown(f"**{plain(one.settings.name)}** {sign} {state}", width="stretch")
            if st.button(words(N_("Open")), key=f"open-{one.id}"):
                show(one.id)
    with st.container(horizontal=True):
        if st.button(words(N_("Open the sample watch")), key="sample-watch", help=words(N_("Sixty simulated days of a shop"))):
            made = sample.opened()
            look_at(made.id)
            show(made.id)
    watch_form.new(visit, show, look_at)


def _one(name: str, visit: Visit) -> None:
    words = visit.words
    job = job_queue().latest(WATCHES.name, name)
    seen = overview(name)
    with st.container(key="bar", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(seen.watch.settings.name)}**", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if st.button(words(N_("Look now")), key="look", disabled=job is not None and not job.ended.is_set()):
                job = look_at(name)
            if st.button(words(N_("All watches")), key="all-watches"):
                st.query_params.pop(PARAMETER, None)
                st.rerun()
    if job is not None and not job.ended.is_set():
        _running(name, words)
    elif job is not None and isinstance(job.error, BadInput):
        st.error(plain(job.error.statement(words)))
    _sentence(seen, words)
    if seen.watch.trouble:
        st.warning(plain(seen.watch.trouble.statement(words)))
    if seen.trouble:
        st.warning(plain(seen.trouble.statement(words)))
    if not seen.history:
        st.markdown(plain(words(N_("No batch has come yet. Press “Look now”, or let the command of this watch run."))))
        _settings(seen, visit)
        return
    _draw(charts.line, seen, visit, words(N_("The metric of each batch with its interval")), key="line")
    _key(seen, visit)
    for alert in seen.standing:
        _standing(alert, seen, visit)
    _batch(seen, visit)
    if seen.course is not None:
        st.subheader(words(N_("Columns by batches")), anchor=False)
        st.markdown(plain(words(N_("How far each column is from what is expected of such an hour and weekday."))))
        _draw(charts.heat, seen, visit, words(N_("How far each column is from what is expected, batch by batch")), key="heat")
        _any_column(seen, visit)
    st.subheader(words(N_("Calendar")), anchor=False)
    _draw(charts.calendar, seen, visit, words(N_("Each day with its worst batch")), key="calendar")
    _late(seen, words)
    _advised(seen, visit)
    _past(seen, visit)
    _silences(seen, visit)
    _settings(seen, visit)
    _computed(seen, words)


@st.fragment(run_every=1.0)
def _running(name: str, words: Words) -> None:
    job = job_queue().latest(WATCHES.name, name)
    if job is None or job.ended.is_set():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(words(N_("Looking: {what:name}"), what=job.what or "…")), width="stretch")
        if st.button(words(N_("Stop")), key="stop-look"):
            job.stop()


def _sentence(seen: Overview, words: Words) -> None:
    first = seen.standing[0] if seen.standing else None
    looked = [batch for batch in seen.history if batch.state is State.DONE]
    if first is not None:
        say(plain(alerts.lines(first.said, words)[0]))
    elif not looked:
        say(plain(words(N_("Nothing was looked at yet."))))
    elif looked[-1].labelled:
        says = N_("Nothing stands open: the latest of {count:count} batches is as expected.")
        say(f":green[✓] {plain(words(says, count=len(looked)))}")
    else:
        says = N_("The latest of {count:count} batches is as expected, as far as it can be told: its labels have not come yet.")
        say(plain(words(says, count=len(looked))))


@lru_cache(maxsize=64)
def _shape(draw: Callable[..., Shape | None], seen: Overview, words: Words, *more: object) -> Shape | None:
    """Made once for each state of the watch: a click elsewhere on the page need not make it again."""
    return draw(seen, *more, words)


def _draw(draw: Callable[..., Shape | None], seen: Overview, visit: Visit, alt: str, *more: object, key: str) -> None:
    shape = _shape(draw, seen, visit.words, *more)
    if shape is None:
        st.markdown(plain(visit.words(N_("The batches have no times to draw this by."))))
        return
    plot(shape, visit, alt=alt, key=key)


def _key(seen: Overview, visit: Visit) -> None:
    """What the letters mean, with how many batches have each."""
    words = visit.words
    parts = [
        f"**{VERDICTS[verdict][0]}** {plain(words(VERDICTS[verdict][1]))} ({count})"
        for verdict in Verdict
        if (count := seen.counts.get(verdict))
    ]
    st.markdown(" · ".join(parts))


def _standing(alert: Alert, seen: Overview, visit: Visit) -> None:
    words = visit.words
    with st.container(border=True, key=f"item-alert-{alert.number}"):
        for line in alerts.lines(alert.said, words):
            st.markdown(plain(line))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if alert.said.incident and store.exists(alert.said.incident):
                link = {visits.INCIDENT: alert.said.incident}
                st.page_link(ROOT / CAUSES, label=words(N_("Open as an incident →")), query_params=link)
            length = st.selectbox(
                words(N_("Silence for")), list(FOR), format_func=lambda one: words(one), key=f"for-{alert.number}", width=180
            )
            if st.button(words(N_("Silence this cause") if alert.cause else N_("Silence all")), key=f"silence-{alert.number}"):
                span = FOR[length or N_("one day")]
                now = records.utc(datetime.now(UTC))
                alerts.silence(seen.watch.id, alert.cause, until=now + span if span else None, why="")
                st.rerun()


def _batch(seen: Overview, visit: Visit) -> None:
    """One click makes an incident of any batch that was read."""
    words = visit.words
    letters = {batch.name: VERDICTS[verdict][0] for batch, verdict in zip(seen.history, seen.verdicts, strict=True)}
    held = {batch.name: batch for batch in reversed(seen.history) if batch.state in (State.DONE, State.FEW, State.UNREADABLE)}
    if not held:
        return
    last = [name for name, letter in letters.items() if letter in ("F", "D", "C") and name in held]
    names = list(held)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            words(N_("Batch")),
            names,
            index=names.index(last[-1]) if last else 0,
            format_func=lambda one: f"{letters[one]} · {one}",
            key="batch",
            width=380,
        )
        if name and st.button(words(N_("Open as an incident")), key="open-batch", type="primary"):
            batch = held[name]
            incident = batch.incident
            if not incident or not store.exists(incident):
                incident = incidents.opened(seen.watch, batch, seen.counted, seen.alarm_at(name))
                records.opened_as(seen.watch.id, name, incident)
            visits.begin(incident)
    reason = held[name].reason if name else None
    if reason:
        st.markdown(plain(reason.statement(words)))


def _any_column(seen: Overview, visit: Visit) -> None:
    words = visit.words
    with st.container(horizontal=True):
        column = st.selectbox(words(N_("Column")), list(seen.columns), key="column", width=280)
        which = st.selectbox(
            words(N_("Value")), list(range(len(SHOWN))), format_func=lambda n: words(SHOWN[n]), key="which", width=220
        )
    if column is not None and which is not None:
        alt = words(N_("{what:term} of {column:name} in each batch"), what=SHOWN[which], column=column)
        _draw(charts.over_time, seen, visit, alt, column, which, key="over-time")


def _late(seen: Overview, words: Words) -> None:
    now = datetime.now(UTC)
    late = missing_now(seen.watch, seen.history, now)
    missing = [batch.since for batch in seen.history if batch.state is State.MISSING and batch.since]
    came = [batch.name for batch in seen.history if batch.late and batch.state is not State.MISSING]
    unlabelled = sum(batch.state is State.DONE and batch.labelled < batch.rows for batch in seen.history)
    for says, times in ((N_("Late: {what:list}."), late), (N_("Missing: {what:list}."), missing)):
        if times:
            st.markdown(plain(words(says, what=[words.time(when) for when in times])))
    if came:
        st.markdown(plain(words(N_("Came late: {what:list}."), what=came)))
    if unlabelled:
        st.markdown(plain(words(N_("Batches that wait for labels: {count:count}."), count=unlabelled)))


def _advised(seen: Overview, visit: Visit) -> None:
    """The z-score that is often advised, beside this watch on the same batches."""
    words = visit.words
    found = compared(seen)
    if found is None:
        return
    with st.expander(words(N_("Beside the z-score that is often advised"))):
        if found.changes:
            says = N_("Of {whole:count} changes found here it missed {count:count}; it alarmed at {alone:count} other batches.")
            st.markdown(plain(words(says, whole=found.changes, count=found.missed, alone=found.alone)))
        else:
            says = N_("This watch found no change; it alarmed at {alone:count} batches.")
            st.markdown(plain(words(says, alone=found.alone)))
        why = N_(
            "It divides by the spread of single values, and not by that of a mean: what moves all values a little stays unseen."
        )
        st.markdown(plain(words(why)))
        alt = words(N_("When this watch and the advised z-score alarmed"))
        plot(again_charts.side_by_side(seen, found, words), visit, alt=alt, key="advised")


def _past(seen: Overview, visit: Visit) -> None:
    words = visit.words
    over = [alert for alert in seen.alerts if alert.closed is not None]
    quiet = {message.alert for message in alerts.sent(seen.watch.id) if message.state is Sent.SILENCED}
    with st.expander(words(N_("Alerts that are over: {count:count}"), count=len(over))):
        if not over:
            st.markdown(plain(words(N_("None yet."))))
        for alert in over[:20]:
            line = plain(alerts.lines(alert.said, words)[0])
            if alert.number in quiet:
                line += " " + plain(words(N_("(silenced)")))
            st.markdown(f"**{plain(words(TOPICS[alert.topic]))}** {line}")
            if alert.said.incident and store.exists(alert.said.incident):
                link = {visits.INCIDENT: alert.said.incident}
                st.page_link(ROOT / CAUSES, label=words(N_("Open as an incident →")), query_params=link)


def _silences(seen: Overview, visit: Visit) -> None:
    words = visit.words
    now = records.utc(datetime.now(UTC))
    held = alerts.silenced(seen.watch.id, now=now)
    if not held:
        return
    st.subheader(words(N_("Silenced")), anchor=False)
    for one in held:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-silence-{one.number}"):
            what = words(title_of(one.cause)) if one.cause else words(N_("everything"))
            if one.until:
                st.markdown(plain(words(N_("{what} until {until:time} (UTC)"), what=what, until=one.until)), width="stretch")
            else:
                st.markdown(plain(what), width="stretch")
            if st.button(words(N_("Tell me again")), key=f"unsilence-{one.number}"):
                alerts.unsilence(seen.watch.id, one.number)
                st.rerun()


def _settings(seen: Overview, visit: Visit) -> None:
    words, watch = visit.words, seen.watch
    with st.expander(words(N_("Who is told, and the settings"))):
        told = channels.of_watch(watch.id)
        if not told:
            st.markdown(plain(words(N_("Nobody is told: this page alone shows what was found."))))
        for channel in told:
            line = f"`{channel.shown.replace('`', '')}`"
            if channel.trouble:
                waits = words(N_("does not answer; messages that wait: {count:count}"), count=channel.waiting)
                line += f" :red[✕ {plain(waits)}] {plain(channel.trouble)}"
            elif channel.reached:
                line += f" :green[✓ {plain(words(N_('reached {when:time} (UTC)'), when=channel.reached))}]"
            st.markdown(line)
        st.markdown(plain(words(N_("Addresses hold secrets: they are never shown again, and can only be given anew."))))
        watch_form.change(watch, visit)
        _delete(watch, words)


def _delete(watch: Watch, words: Words) -> None:
    sure = st.checkbox(words(N_("Delete this watch, its batches and its alerts")), key="delete-sure")
    if st.button(words(N_("Delete")), key="delete", disabled=not sure):
        records.delete(watch.id)
        st.query_params.pop(PARAMETER, None)
        st.rerun()


def _computed(seen: Overview, words: Words) -> None:
    with st.expander(words(N_("How was this computed?"))):
        says = N_(
            "The reference is cut into batches like those that come: {count:count} of them say how much a batch differs by "
            "chance, by the hour and by the weekday. Each column of a new batch is compared with that in ranks, shares and "
            "missing values. The evidence of all batches is added up, and an alarm is raised where so much of it would come up "
            "by chance once in {length:count} batches at most, on average (e-detectors: Shin, Ramdas and Rinaldo 2024, "
            "arXiv:2203.03532). What is smaller than what the reference itself leaves open is no alarm."
        )
        course = seen.course
        count = course.expected.counts if course is not None else 0
        st.markdown(plain(words(says, count=count, length=seen.watch.settings.counts.run_length)))
