"""What a page asks of training again and of labels, as jobs: both take longer than a glance."""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostics.investigation import Investigation
from diagnostics.keep.jobs import Job
from diagnostics.watch.again import Again, again


@dataclass(eq=False, kw_only=True)
class AgainJob(Job[Again]):
    """Whether training again would help an incident. stamp: state of its files."""

    investigation: Investigation
    stamp: str
    family: str = "boosting"
    price: float | None = None
    guess_from: float = field(default=0.1)

    def work(self) -> Again:
        found = self.investigation
        return again(found.incident, found.causes, family=self.family, price=self.price, on_progress=self.report)
