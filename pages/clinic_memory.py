"""Which line of the service grows, and how to keep it alive until that is fixed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diagnostics.nouns.words import N_
from diagnostics.service.memory.check import MB, NOTHING, Memory, Settings
from diagnostics.service.memory.restarts import TITLES, files
from pages.parts.added import add_files
from pages.parts.clinic import Opened, clinic_page
from pages.parts.guard import ROOT
from pages.parts.text import plain

TAKEN = N_("memory.jsonl of the recorder, memray stats (JSON or text), or what memory_profiler printed.")
RECORDER = ROOT / "diagnostics" / "service" / "memory" / "recorders" / "memory_recorder.py"


def settings(opened: Opened, last: Settings) -> Settings:
    """Recordings, and the memory that the service may hold."""
    words, incident = opened.words, opened.incident
    if not incident.memory and not incident.metrics and not incident.code:
        st.info(words(NOTHING))
    _recorder(opened)
    add_files(opened, "memory", N_("Recording of memory"), TAKEN)
    memory = st.number_input(
        words(N_("Memory that the service may hold (MB)")), 64, 4_000_000, int(last.memory), key="memory-limit", width=320
    )
    return Settings(memory=int(memory))


def _recorder(opened: Opened) -> None:
    words = opened.words
    with st.expander(words(N_("How to record which line grows"))):
        st.markdown(
            words(
                N_(
                    "Put this file beside the service and start it where the service starts. After an hour under load give "
                    "what it "
                    "wrote here. It writes names of files, line numbers and sizes, nothing else."
                )
            )
        )
        st.code('import memory_recorder\n\nmemory_recorder.start("memory.jsonl")', language="python")
        st.download_button(
            words(N_("Download the recorder (memory_recorder.py)")),
            data=RECORDER.read_text(encoding="utf-8"),
            file_name="memory_recorder.py",
            mime="text/x-python",
            key="memory-recorder",
            on_click="ignore",
        )
        st.markdown(words(N_("Or record with memray, which sees libraries in C too, and give what its statistics say:")))
        st.code("memray run --native -o run.bin service.py\nmemray stats --json run.bin", language="bash")


def below(p: Memory, opened: Opened) -> None:
    """Lines, what code and metrics say, and files for restarts."""
    words = opened.words
    for file, why in p.problems:
        st.warning(plain(words(N_("{file:name}: {why}"), file=file, why=why)))
    for slope in p.slopes:
        text = N_("In the metrics {series:name} climbs by {per_hour:number} an hour.")
        if slope.hours_left is not None:
            text = N_("In the metrics {series:name} climbs by {per_hour:number} an hour and is full in {hours:number} hours.")
        st.markdown(plain(words(text, series=slope.series, per_hour=slope.per_hour, hours=slope.hours_left)))
    for recording in p.recordings:
        with st.expander(plain(words(N_("Lines of {file:name}, most growth first"), file=recording.file))):
            st.dataframe(
                pd.DataFrame(
                    [
                        {
                            words(N_("file")): line.file,
                            words(N_("line")): line.line,
                            words(N_("MB at first")): round(line.bytes[0] / MB, 3),
                            words(N_("MB at the end")): round(line.bytes[-1] / MB, 3),
                            words(N_("growth, MB")): round(line.grown / MB, 3),
                            words(N_("objects")): line.objects,
                        }
                        for line in sorted(recording.lines, key=lambda one: -one.grown)[:20]
                    ]
                ),
                hide_index=True,
                alt=words(N_("Memory by line of code")),
            )
    st.subheader(words(N_("Restarts until it is fixed")), anchor=False)
    said = N_(
        "A worker is replaced after {requests:count} requests and the whole after {hours:count} hours, before more than a "
        "quarter of "
        "{memory:count} MB has leaked."
    )
    st.markdown(words(said, requests=p.planned.requests, hours=p.planned.hours, memory=p.planned.memory))
    for name, text in files(p.planned).items():
        with st.expander(f"{words(TITLES[name])}: {plain(name)}"):
            st.code(text.rstrip(), language="yaml" if name.endswith(".yaml") else "python" if name.endswith(".py") else "ini")
            st.download_button(
                words(N_("Download {file}"), file=name), data=text, file_name=name, key=f"memory-{name}", on_click="ignore"
            )


clinic_page(
    "memory",
    N_("Which line of the service grows, and how to keep it alive until that is fixed?"),
    settings=settings,
    below=below,
    table=False,
    service=True,
    remedies=False,
    well=N_("No line was seen to grow."),
)
