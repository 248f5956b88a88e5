"""The rules of the memory clinic, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class GrowingLine(Entry):
    """A line of code that keeps what it allocates."""

    file: str = shown(N_("File"), Unit.NAME)
    line: int = shown(N_("Line"), Unit.COUNT)
    first: float = shown(N_("Held at the beginning (MB)"), Unit.NUMBER)
    last: float = shown(N_("Held at the end (MB)"), Unit.NUMBER)
    share: float = shown(N_("Share of all growth"), Unit.SHARE)
    hours: float = shown(N_("Hours recorded"), Unit.NUMBER)
    size: float = shown(N_("Mean size of an object (kB)"), Unit.NUMBER)
    kept: str | None = shown(N_("Global that keeps it"), Unit.NAME, optional=True)
    function: str | None = shown(N_("Function"), Unit.NAME, optional=True)


@dataclass(frozen=True, kw_only=True)
class HeavyLine(Entry):
    """The line that holds most at the peak of a recording."""

    file: str = shown(N_("File"), Unit.NAME)
    line: int = shown(N_("Line"), Unit.COUNT)
    held: float = shown(N_("Held by it (MB)"), Unit.NUMBER)
    share: float = shown(N_("Share of all memory recorded"), Unit.SHARE)


@dataclass(frozen=True, kw_only=True)
class Climbing(Entry):
    """Memory climbs in the metrics, and no recording says where."""

    series: str = shown(N_("Metric"), Unit.NAME)
    per_hour: float = shown(N_("Climb per hour"), Unit.NUMBER)
    hours: float | None = shown(N_("Hours until the limit"), Unit.NUMBER, optional=True)


@dataclass(frozen=True, kw_only=True)
class KeptGlobal(Entry):
    """A global that grows in the code, and no recording says how much it holds."""

    name: str = shown(N_("Global"), Unit.NAME)
    function: str = shown(N_("Function"), Unit.NAME)
    file: str = shown(N_("File"), Unit.NAME)
    line: int = shown(N_("Line"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class Outside(Entry):
    """The process grows, and what Python allocated does not."""

    resident: float = shown(N_("Growth of the process (MB)"), Unit.NUMBER)
    traced: float = shown(N_("Growth of what Python allocated (MB)"), Unit.NUMBER)


def _growing(entry: GrowingLine) -> str:
    if entry.kept is not None:
        return N_(
            "{kept:name} keeps what line {line:count} of {file:name} adds: from {first:number} to {last:number} MB in "
            "{hours:number} "
            "hours, {share:percent} of all growth."
        )
    return N_(
        "What line {line:count} of {file:name} allocates is kept: from {first:number} to {last:number} MB in {hours:number} "
        "hours, "
        "{share:percent} of all growth."
    )


STEADY: Final = {
    "grown_at": Shown(N_("Growth in MB that counts"), Unit.NUMBER),
    "share_at": Shown(N_("Share of all growth that counts"), Unit.SHARE),
    "steady_at": Shown(N_("Share of the steps that must not shrink"), Unit.SHARE),
}
GROWING: Final = Rule[GrowingLine](
    code="MEM001",
    title=N_("A line keeps what it allocates"),
    says=_growing,
    why=N_("What is never let go fills the memory until the process is ended, with the requests that it holds."),
    remedy=N_(
        "Give what it is kept in a largest size (deque with maxlen, a cache with a limit), or write it to a log or database."
    ),
    statistic=N_("Bytes that each line's objects hold, from the first tenth of the records to the last, as medians."),
    source="Python documentation, tracemalloc",
    severity=Severity.CRITICAL,
    thresholds=STEADY,
)
HEAVY: Final = Rule[HeavyLine](
    code="MEM002",
    title=N_("One line holds most of the memory"),
    says=N_("Line {line:count} of {file:name} holds {held:number} MB at the peak, {share:percent} of what was recorded."),
    why=N_("At the peak it decides how much memory the service needs."),
    remedy=N_(
        "Look whether it is needed all at once: read and answer in parts, send large answers as a stream, and let go of what "
        "was sent. "
        "Whether it grows, a recording over time shows."
    ),
    statistic=N_("Bytes by line of code at the peak of the recording, or what a line added, as the tool tells it."),
    source="memray documentation, stats reporter; memory_profiler documentation",
    thresholds={"heavy_at": Shown(N_("Share of the memory that counts"), Unit.SHARE)},
)
CLIMBS: Final = Rule[Climbing](
    code="MEM003",
    title=N_("Memory climbs, and no line is known"),
    says=N_("{series:name} climbs by {per_hour:number} an hour; which line keeps the memory is not known yet."),
    why=N_("What only climbs reaches its limit: the process is then killed, and its requests are lost."),
    remedy=N_(
        "Put the recorder below into the service for an hour, and give what it wrote here. Until then let it be restarted."
    ),
    statistic=N_("Median slope over all pairs of points of the metric, with restarts taken out."),
    source="Sen 1968, doi:10.1080/01621459.1968.10480934",
)
KEPT: Final = Rule[KeptGlobal](
    code="MEM004",
    title=N_("A global grows with every request"),
    says=N_("{function:name} adds to {name:name} on every request (line {line:count} of {file:name}), and nothing takes it out."),
    why=N_("It grows as long as requests come; how fast, a recording shows."),
    remedy=N_("Give it a largest size, or write what it holds to a log or a database."),
    statistic=N_("The functions that answer requests were followed without running them, with the functions that they call."),
    source="https://docs.python.org/3/library/collections.html#collections.deque",
)
OUTSIDE: Final = Rule[Outside](
    code="MEM005",
    title=N_("Memory grows outside Python"),
    says=N_("The process grew by {resident:number} MB, what Python allocated only by {traced:number} MB."),
    why=N_("A library in C keeps memory, or the allocator does not give it back; no line of Python will show it."),
    remedy=N_(
        "Record with memray run --native, which sees libraries too. Try MALLOC_ARENA_MAX=2 or jemalloc, and close sessions, "
        "files and "
        "connections that the code opens for each request."
    ),
    statistic=N_("Memory of the process beside what tracemalloc saw, from the first tenth of the records to the last."),
    source="memray documentation, native mode; mallopt(3), M_ARENA_MAX",
    thresholds={"grown_at": Shown(N_("Growth in MB that counts"), Unit.NUMBER)},
)
RULES: Final = (GROWING, HEAVY, CLIMBS, KEPT, OUTSIDE)
