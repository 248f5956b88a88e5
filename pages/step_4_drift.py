"""Step 4: is the data distributed as it was, and what moved: the rows, the classes or the relation?"""

from __future__ import annotations

from diagnostics.pictures import concept, domain, drift, groups, label_delay, label_noise, labels, leakage, links, over_time
from pages.parts.step import Section, step_page

step_page(
    4,
    (
        Section("drift.marginal", drift.draw),
        Section("drift.concept", concept.draw),
        Section("drift.domain", domain.draw),
        Section("drift.links", links.draw),
        Section("drift.labels", labels.draw),
        Section("drift.label_noise", label_noise.draw),
        Section("drift.label_delay", label_delay.draw),
        Section("drift.groups", groups.draw),
        Section("drift.over_time", over_time.draw),
        Section("drift.leakage", leakage.draw),
    ),
)
