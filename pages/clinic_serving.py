"""What limits the running service, and what each remedy would bring."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from diagnostics.nouns.words import N_
from diagnostics.pictures.clinic import serving as drawing
from diagnostics.sandbox.facts import Facts
from diagnostics.service.serving.check import NOTHING, Serving, Settings, judge
from diagnostics.service.serving.files import TITLES, WHEN, Served, Target, model_path, shown, targets, zipped
from diagnostics.service.serving.remedies import BASES, COMPARE, remedies
from diagnostics.service.serving.rules import BATCHING, CARD, COSTLY, SMALLER, WORKERS
from diagnostics.service.serving.rules import CACHE as CACHE_PAYS
from diagnostics.service.serving.variants import copy_of
from pages.parts.cards import plot
from pages.parts.clinic import Opened, clinic_page
from pages.parts.needs import needs_link
from pages.parts.text import plain


def settings(opened: Opened, last: Settings) -> Settings:
    """The goal, and how many workers serve now."""
    words = opened.words
    st.markdown(
        words(
            N_(
                "From the log, the code and the model of this incident; each alone is enough to begin. Code is read, never "
                "run; the "
                "model runs in a process of its own that can reach nothing."
            )
        )
    )
    incident = opened.incident
    if not incident.logs and not incident.code and incident.model is None:
        st.info(words(NOTHING))
        needs_link("logs", words, opened.visit.link)
    left, right = st.columns(2)
    with left:
        goal = st.number_input(
            words(N_("95 of 100 requests within (ms)")), 1.0, 600_000.0, float(last.goal), key="serving-goal", width=320
        )
    with right:
        workers = st.number_input(
            words(N_("Workers now (0: as code and log show)")), 0, 1_000, int(last.workers), key="serving-workers", width=320
        )
    return Settings(goal=float(goal), workers=int(workers))


def below(p: Serving, opened: Opened) -> None:
    """Where the time goes, every remedy with what it brings, load, copies, files."""
    words = opened.words
    if p.no_log:
        st.info(plain(p.no_log.statement(words)))
    _requests(p, opened)
    st.subheader(words(N_("What each remedy would bring")), anchor=False)
    told = words(N_("Each remedy with what it brings and how that is known"))
    st.table(_remedies(p, opened), border="horizontal", hide_index=True, alt=told)
    _simulated(p, opened)
    _cache(p, opened)
    _load(p, opened)
    _copies(p, opened)
    _files(p, opened)


def _requests(p: Serving, opened: Opened) -> None:
    if p.asked is None:
        return
    words = opened.words
    said = N_("{count:count} requests in the log, {rate:number} a second on average and {busy:number} in the busiest stretch.")
    st.markdown(plain(words(said, count=p.asked.count, rate=p.asked.per_second, busy=p.asked.busiest)))
    if p.asked.p50 is not None:
        said = N_("Half of them took {half:number} ms or less, 95 of 100 {most:number} ms, 99 of 100 {last:number} ms.")
        st.markdown(plain(words(said, half=p.asked.p50, most=p.asked.p95, last=p.asked.p99)))
    if not p.shares and p.asked.mean is not None:
        text = N_(
            "The log does not say where this time goes. Write it into the line of each request, as in: features 12 ms, model "
            "3 ms, "
            "total 16 ms."
        )
        st.info(words(text))
    lead = min(judge(p), key=lambda finding: finding.rank, default=None)
    if lead is not None and lead.rule in (WORKERS, CACHE_PAYS, BATCHING, SMALLER, COSTLY, CARD):
        text = words(N_("Where the time of a request goes"))
        st.subheader(text, anchor=False)
        plot(drawing.draw_parts(p, words), opened.visit, alt=text, key="serving-parts")
    for share in p.shares:
        if share.measured:
            text = N_("The time of the model was measured here, on this machine; the log does not tell it.")
            st.markdown(words(text))


def _remedies(p: Serving, opened: Opened) -> pd.DataFrame:
    words = opened.words
    return pd.DataFrame(
        [
            {
                words(N_("remedy")): plain(words(one.name)),
                words(N_("what it brings here")): plain(words.sentence(one.says, one.values)),
                words(N_("how that is known")): words(BASES[one.basis]),
            }
            for one in remedies(p)
        ]
    )


def _simulated(p: Serving, opened: Opened) -> None:
    if not p.served:
        return
    words = opened.words
    st.subheader(words(N_("More workers, more load")), anchor=False)
    text = words(N_("The log's own arrivals and times, with more workers and with more requests. Each worker needs a processor."))
    st.markdown(plain(text))
    lead = min(judge(p), key=lambda finding: finding.rank, default=None)
    if lead is None or lead.rule is not WORKERS:
        plot(drawing.draw_workers(p, words), opened.visit, alt=text, key="serving-workers-picture")
    with st.expander(words(N_("Simulated and by queueing theory"))):
        note = N_(
            "The theory (Allen and Cunneen) takes the means and spreads of the same requests. It speaks of a service that "
            "goes on for "
            "ever; close to full, a stretch of the log waits less."
        )
        st.markdown(words(note))
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        words(N_("workers")): one.workers,
                        words(N_("times today's load")): one.load,
                        words(N_("busy")): words.percent(one.busy),
                        words(N_("mean wait, ms")): round(one.wait, 1),
                        words(N_("mean wait by theory, ms")): None if one.theory is None else round(one.theory, 1),
                        words(N_("95 of 100, ms")): round(one.p95, 1),
                        words(N_("99 of 100, ms")): round(one.p99, 1),
                    }
                    for one in p.served
                ]
            ),
            hide_index=True,
            alt=words(N_("Waiting times by workers and load")),
        )
    if p.capacity:
        text = words(N_("Requests a second that one worker answers within the goal, one by one and together."))
        st.markdown(plain(text))
        plot(drawing.draw_capacity(p, words), opened.visit, alt=text, key="serving-capacity")


def _cache(p: Serving, opened: Opened) -> None:
    if p.cache is None:
        return
    words = opened.words
    st.subheader(words(N_("A cache on the log's own requests")), anchor=False)
    said = N_(
        "{keyed:count} requests are for {distinct:count} different keys. The largest cache answers {hits:percent} of them "
        "(between {low:percent} and {high:percent})."
    )
    share = p.cache.share
    values = {"keyed": p.cache.keyed, "distinct": p.cache.distinct, "hits": share.value, "low": share.low, "high": share.high}
    text = words(said, **values)
    st.markdown(plain(text))
    plot(drawing.draw_cache(p, words), opened.visit, alt=text, key="serving-cache")
    if p.cache.ages:
        kept = [
            {
                words(N_("an entry is good for")): words(N_("as long as it is held"))
                if one.kept is None
                else words(N_("{minutes:number} minutes"), minutes=one.kept / 60),
                words(N_("requests answered")): words.percent(one.share),
            }
            for one in p.cache.ages
        ]
        st.dataframe(pd.DataFrame(kept), hide_index=True, alt=words(N_("Requests answered by how long an entry is good")))
    with st.expander(words(N_("Lines for such a cache"))):
        st.code(
            CACHE.format(size=max(100, min(one.size for one in p.cache.sizes if one.share >= 0.95 * p.cache.sizes[-1].share)))
        )


CACHE = """from cachetools import TTLCache, cached
from threading import Lock

kept = TTLCache(maxsize={size}, ttl=600)  # seconds for which a value may be old


@cached(kept, key=lambda customer: customer, lock=Lock())
def features(customer):
    return store.fetch(customer)


# Each process has a cache of its own; several share one in Redis: SETEX key 600 value.
"""


def _load(p: Serving, opened: Opened) -> None:
    if p.model is None:
        return
    words = opened.words
    st.subheader(words(N_("Load on the uploaded model")), anchor=False)
    if p.model.skipped:
        said = N_("{file:name} could not be timed: {why}")
        st.warning(plain(words(said, file=p.model.file, why=p.model.skipped.statement(words))))
        return
    facts = p.model.facts
    said = N_(
        "{file:name}: {size:number} MB, {nodes:count} operators, {parameters:count} weights, {multiplied:count} "
        "multiplications for a "
        "row, {trees:count} trees."
    )
    values = {"size": p.model.bytes / 1e6, "nodes": facts.nodes, "parameters": facts.parameters}
    st.markdown(
        plain(words(said, file=p.model.file, **values, multiplied=facts.multiplied, trees=facts.trees)) if facts.nodes else ""
    )
    if p.model.made_up:
        st.markdown(words(N_("No table fits this model, so it was timed on made-up rows of its shape.")))
    load = p.model.load
    if load is None:
        return
    text = words(N_("Times of one process with one thread, measured where the model runs."))
    plot(drawing.draw_load(p, words), opened.visit, alt=text, key="serving-load")
    with st.expander(words(N_("By rows at once, threads and processes"))):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        words(N_("rows at once")): cell.batch,
                        words(N_("threads")): cell.threads,
                        words(N_("processes")): cell.workers,
                        words(N_("median, ms")): round(cell.p50, 3),
                        words(N_("95 of 100, ms")): round(cell.p95, 3),
                        words(N_("99 of 100, ms")): round(cell.p99, 3),
                        words(N_("rows a second")): round(cell.per_second),
                        words(N_("answers timed")): cell.answers,
                    }
                    for cell in load.cells
                ]
            ),
            hide_index=True,
            alt=words(N_("Percentiles by rows at once, threads and processes")),
        )
        if load.threads:
            st.markdown(plain(load.threads.statement(words)))
    plot(drawing.draw_card(p, words), opened.visit, alt=words(N_("Processor and graphics card")), key="serving-card")
    with st.expander(words(N_("Lines that compare processors and cards on your machine"))):
        given = ", ".join(f"{t.name!r}: np.zeros({[32, *map(abs, t.dims[1:])]}, 'float32')" for t in facts.inputs[:20])
        st.code(COMPARE.format(inputs="{" + given + "}"), language="python")


def _copies(p: Serving, opened: Opened) -> None:
    words = opened.words
    if p.variants_skipped:
        st.info(plain(p.variants_skipped.statement(words)))
    if p.variants is None:
        return
    st.subheader(words(N_("Smaller copies of the uploaded model")), anchor=False)
    said = N_("Judged on {rows:count} rows that no copy was made with.")
    if not p.variants.labelled:
        said = N_("Held against the uploaded model on {rows:count} rows; without labels nobody knows which of them is right.")
    st.markdown(words(said, rows=p.variants.rows))
    right = words(N_("share right")) if p.variants.classification else words(N_("mean absolute error"))
    rows = []
    for copy in (p.variants.whole, *p.variants.copies):
        if copy.skipped:
            continue
        rows.append(
            {
                words(N_("copy")): words(copy.says),
                words(N_("size, kB")): round(copy.bytes / 1000, 1),
                words(N_("median, ms")): round(copy.p50, 3),
                words(N_("95 of 100, ms")): round(copy.p95, 3),
                right: None if copy.right is None else round(copy.right.value, 4),
                words(N_("change, at least")): None if copy.gain is None else round(copy.gain.low, 4),
                words(N_("change, at most")): None if copy.gain is None else round(copy.gain.high, 4),
                words(N_("same answers")): words.percent(copy.same),
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=words(N_("Size, time and score of each copy")))
    for copy in p.variants.copies:
        if copy.skipped:
            text = N_("There is no “{what:term}”: {why}.")
            st.markdown("- " + plain(words(text, what=copy.says, why=copy.skipped.statement(words).rstrip("."))))
    plot(drawing.draw_copies(p, words), opened.visit, alt=words(N_("Change of the score of each copy")), key="serving-copies")
    file = opened.incident.model
    if file is None or opened.visit.read_only:
        return
    with st.container(horizontal=True):
        for copy in p.variants.copies:
            if copy.bytes:
                st.download_button(
                    words(N_("Download {what} (.onnx)"), what=words(copy.says)),
                    data=partial(copy_of, opened.incident, file, copy.name),
                    file_name=f"model_{copy.name}.onnx",
                    mime="application/octet-stream",
                    key=f"serving-{copy.name}",
                    on_click="ignore",
                )


@st.fragment
def _files(p: Serving, opened: Opened) -> None:
    words = opened.words
    st.subheader(words(N_("Files that start a server")), anchor=False)
    known = p.framework
    facts = p.model.facts if p.model is not None else None
    if (facts is None or not facts.inputs) and (known is None or not known.app):
        st.markdown(words(N_("Give the model as ONNX, or the code of the service: the files are written for it.")))
        return
    app, asynchronous = (known.app, known.asynchronous) if known is not None else ("", False)
    code = known.file if known is not None else ""
    preload = known is not None and known.forks
    served = Served(facts=facts or EMPTY, sizing=p.sizing, app=app, asynchronous=asynchronous, code=code, preload=preload)
    choices = list(targets(served)) if facts is not None and facts.inputs else list(targets(served))[:1]
    said = N_("Written for this model, with {workers:count} workers and up to {batch:count} requests together, as found above.")
    st.markdown(words(said, workers=p.sizing.workers, batch=p.sizing.batch))
    target = st.selectbox(words(N_("Server")), choices, format_func=TITLES.__getitem__, key="serving-target", width=320)
    st.markdown(words(WHEN[target]))
    for path, text in shown(target, served).items():
        with st.expander(plain(path)):
            st.code(text.rstrip(), language=_language(path), wrap_lines=True)
    if opened.visit.read_only:
        return
    st.download_button(
        words(N_("Download the files and the model (.zip)")),
        data=partial(_zip, target, served, opened.incident.model),
        file_name=f"{target.value}.zip",
        mime="application/zip",
        key="serving-zip",
        on_click="ignore",
    )
    if opened.incident.model is not None and target is not Target.GUNICORN and facts is not None and facts.inputs:
        st.markdown(plain(words(N_("The model lies in {path:name} of the archive."), path=model_path(target, served))))


def _zip(target: Target, served: Served, model: Path | None) -> bytes:
    whole = model is not None and model.suffix == ".onnx"
    return zipped(target, served, model.read_bytes() if model is not None and whole else b"")


def _language(path: str) -> str | None:
    endings = {".py": "python", ".yaml": "yaml", ".sh": "bash"}
    return endings.get(Path(path).suffix)


EMPTY = Facts.read({})

clinic_page(
    "serving",
    N_("What limits the service, and what would each remedy bring?"),
    settings=settings,
    below=below,
    table=False,
    service=True,
    remedies=False,
    well=N_("Nothing stands out that limits the service; what each remedy would bring is listed below."),
)
