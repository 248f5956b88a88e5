"""From a finding of the steps to the page of the clinic that takes it further."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from diagnostics.checks.environment.serving import check as serving_code
from diagnostics.checks.operations import decisive, requests, service
from diagnostics.checks.operations.metrics import check as metrics
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.rule import Rule
from diagnostics.nouns.words import N_
from pages.parts.guard import ROOT
from pages.parts.visit import Visit

SERVING: Final[tuple[Rule[Any], ...]] = (
    serving_code.LOADED,
    serving_code.DEBUG,
    serving_code.BLOCKING,
    serving_code.ONE_BY_ONE,
    service.TIMEOUTS,
    service.RELOADS,
    service.SLOW_FETCH,
    requests.SLOWER,
    requests.LOAD,
    decisive.ON_CPU,
    metrics.SLOWER,
    metrics.SATURATED,
)
MEMORY: Final[tuple[Rule[Any], ...]] = (
    serving_code.GROWING,
    service.MEMORY_KILLS,
    service.GROWTH,
    service.RESTARTS,
    metrics.LEAK,
)


def clinic_link(finding: Finding, visit: Visit) -> None:
    """A link to the serving or the memory page, where one of them goes on with `finding`."""
    words = visit.words
    if any(finding.rule is rule for rule in SERVING):
        label = words(N_("See what limits the service, and what each remedy brings →"))
        st.page_link(ROOT / "pages/clinic_serving.py", label=label, query_params=visit.link)
    elif any(finding.rule is rule for rule in MEMORY):
        label = words(N_("Find the line that grows →"))
        st.page_link(ROOT / "pages/clinic_memory.py", label=label, query_params=visit.link)
