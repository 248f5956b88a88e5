"""Investigations and a record to report on, made once per test run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from diagnostics.investigation import Investigation, investigate
from diagnostics.keep.review.edit import cause_key
from diagnostics.keep.review.record import Action, Confirmation, Decision, Grade, Happening, Impact, Judged, Note, Record, Status
from diagnostics.nouns.incident import Event
from tests.factory import incident_of
from tests.pages.conftest import loans

EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>[a](javascript:alert(3)) $x$ @all"
WHEN = datetime(2026, 5, 20, 9, tzinfo=UTC)


@cache
def broken(column: str = "income", level: str = "Ulm", title: str = "Loans in May", rows: int = 1200) -> Investigation:
    """Income changed its unit half-way; names, levels, the title and a deploy as given."""
    folder = Path(mkdtemp(prefix="report-"))
    rng = np.random.default_rng(5)
    reference, current = loans(rng, rows, "2026-03-01"), loans(rng, rows, "2026-05-01")
    current.loc[rows // 2 :, "income"] *= 1000
    current.loc[rows // 2 :, "score"] = 1.0
    current["city"] = current["city"].where(current["city"] != "Bern", f"{level} new")
    frames = [
        f.replace({"city": {"Ulm": level}}).rename(columns={"income": column, "city": f"{column} city"})
        for f in (reference, current)
    ]
    incident = incident_of(
        folder,
        *frames,
        target="approved",
        prediction="score",
        timestamp="when",
        id="customer",
        events=(Event(datetime(2026, 5, 13, 12), f"feature service {title}"),),
    )
    log = folder / "service.log"
    log.write_text(
        "".join(
            f"2026-05-{d:02d} 08:00:00 {'ERROR' if d > 12 else 'INFO'} {title} row {d}\n" for d in range(1, 25) for _ in range(30)
        )
    )
    return investigate(replace(incident, title=title, logs=(log,)))


@cache
def healthy() -> Investigation:
    rng = np.random.default_rng(6)
    frames = [loans(rng, 800, start) for start in ("2026-03-01", "2026-05-01")]
    folder = Path(mkdtemp(prefix="report-"))
    return investigate(incident_of(folder, *frames, target="approved", prediction="score", timestamp="when"))


def written(investigation: Investigation, text: str = "plain") -> Record:
    """A record whose every field holds `text`."""
    cause = investigation.causes[0]
    return Record(
        title=f"Title {text}",
        severity=Grade.HIGH,
        status=Status.CONTAINED,
        owner=f"Owner {text}",
        model=f"Model {text}",
        impact=Impact(says=f"Impact {text}"),
        events=(Happening("e", "Ana", WHEN, datetime(2026, 5, 14, 9), f"Event {text}"),),
        decisions=(Decision("d", "Bo", WHEN, f"Decision {text}"),),
        actions=(
            Action("a", "Bo", WHEN, f"Action {text}", "Bo", date(2026, 6, 1)),
            Action("b", "Bo", WHEN, "Score the rows again", "Ana", None, True),
        ),
        accepted=(Judged(cause_key(cause.code, cause.columns), "Ana", WHEN, cause.code, "", f"Reason {text}", True),),
        rejected=(Judged("other", "Bo", WHEN, "", f"Suspect {text}", f"Alibi {text}", False),),
        known=(Note("k", "Ana", WHEN, f"Known {text}"),),
        unknown=(Note("u", "Ana", WHEN, f"Unknown {text}"),),
        confirmations=(Confirmation("1", "Ana", WHEN, 1, "problem"),),
        version=1,
        versions={"title": 1},
    )
