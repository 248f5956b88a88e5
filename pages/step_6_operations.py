"""Step 6: what did the service itself say?"""

from __future__ import annotations

from diagnostics.pictures import bursts, log_templates, metrics, requests, service
from pages.parts.step import Section, step_page
from pages.parts.timeline import timeline

step_page(
    6,
    (
        Section("operations.metrics", metrics.draw),
        Section("operations.bursts", bursts.draw),
        Section("operations.requests", requests.draw),
        Section("operations.service", service.draw),
        Section("operations.decisive", log_templates.draw),
        Section("operations.logs", log_templates.draw),
    ),
    below=timeline,
)
