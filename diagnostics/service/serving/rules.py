"""The rules of the serving clinic, and what each is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.entry import Entry, Shown, Unit, internal, shown
from diagnostics.nouns.rule import Rule, Severity
from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class LimitedBy(Entry):
    """The part of a request that takes most of its time."""

    share: float = shown(N_("Share of the time of a request"), Unit.SHARE)
    time: float = shown(N_("Milliseconds of it"), Unit.NUMBER)
    whole: float = shown(N_("Milliseconds of a request"), Unit.NUMBER)
    requests: int = shown(N_("Requests"), Unit.COUNT)
    measured: bool = internal()
    """Whether the time was measured here, not in the log."""


@dataclass(frozen=True, kw_only=True)
class Waiting(Entry):
    """Requests that found others under way beside those that came alone."""

    alone: float = shown(N_("Milliseconds of a request that came alone"), Unit.NUMBER)
    others: float = shown(N_("Milliseconds of one that found others under way"), Unit.NUMBER)
    low: float = shown(N_("Difference, at least"), Unit.NUMBER)
    high: float = shown(N_("Difference, at most"), Unit.NUMBER)
    share: float = shown(N_("Share of the time of all requests that is waiting"), Unit.SHARE)
    requests: int = shown(N_("Requests"), Unit.COUNT)


@dataclass(frozen=True, kw_only=True)
class Loading(Entry):
    """The model loaded again and again."""

    loads: int = shown(N_("Times that the model was loaded"), Unit.COUNT)
    requests: int = shown(N_("Requests"), Unit.COUNT)
    share: float = shown(N_("Share of the time of a request"), Unit.SHARE)
    time: float = shown(N_("Milliseconds to load the model"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class CachePays(Entry):
    """A cache replayed on the log's own requests."""

    hits: float = shown(N_("Share of requests that a cache would have answered"), Unit.SHARE)
    low: float = shown(N_("Share of hits, at least"), Unit.SHARE)
    high: float = shown(N_("Share of hits, at most"), Unit.SHARE)
    size: int = shown(N_("Entries of the cache"), Unit.COUNT)
    saved: float = shown(N_("Milliseconds saved on a mean request"), Unit.NUMBER)
    whole: float = shown(N_("Milliseconds of a request"), Unit.NUMBER)
    requests: int = shown(N_("Requests"), Unit.COUNT)
    features: bool = internal()
    """Whether it would hold features, else whole predictions."""


@dataclass(frozen=True, kw_only=True)
class BatchingPays(Entry):
    """Requests a second that one worker answers within the goal, one by one and in batches."""

    single: float = shown(N_("Requests a second, one by one"), Unit.NUMBER)
    batched: float = shown(N_("Requests a second, in batches"), Unit.NUMBER)
    times: float = shown(N_("Times as many"), Unit.NUMBER)
    batch: int = shown(N_("Requests in a batch, at most"), Unit.COUNT)
    delay: float = shown(N_("Milliseconds that the first waits for others"), Unit.NUMBER)
    goal: float = shown(N_("Milliseconds within which 95 of 100 requests are answered"), Unit.NUMBER)
    today: float = shown(N_("Requests a second in the busiest stretch of the log"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class MoreWorkers(Entry):
    """Simulated with today's workers and with more."""

    now: int = shown(N_("Workers now"), Unit.COUNT)
    workers: int = shown(N_("Workers that suffice"), Unit.COUNT)
    before: float = shown(N_("95 of 100 within, with today's workers (ms)"), Unit.NUMBER)
    after: float = shown(N_("95 of 100 within, with more workers (ms)"), Unit.NUMBER)
    busy: float = shown(N_("Share of the time that today's workers are busy"), Unit.SHARE)
    goal: float = shown(N_("Milliseconds within which 95 of 100 requests are answered"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class OwnServer(Entry):
    """The framework's own server answers requests."""

    file: str = shown(N_("File"), Unit.NAME)
    line: int = shown(N_("Line"), Unit.COUNT)
    said: bool = internal()
    """Whether the log says so."""


@dataclass(frozen=True, kw_only=True)
class SmallerCopy(Entry):
    """A smaller copy of the uploaded model that answers as well."""

    what: str = shown(N_("Copy"), Unit.TERM)
    mine: float = shown(N_("Milliseconds of the copy for one row"), Unit.NUMBER)
    base: float = shown(N_("Milliseconds of the uploaded model for one row"), Unit.NUMBER)
    share: float = shown(N_("Size, of the uploaded file"), Unit.SHARE)
    same: float = shown(N_("Rows with the same answer"), Unit.SHARE)
    low: float = shown(N_("Change of the score, at least"), Unit.NUMBER)
    high: float = shown(N_("Change of the score, at most"), Unit.NUMBER)
    rows: int = shown(N_("Rows that judge"), Unit.COUNT)
    classes: bool = internal()


@dataclass(frozen=True, kw_only=True)
class CostlyCopy(Entry):
    """A smaller copy that answers worse."""

    what: str = shown(N_("Copy"), Unit.TERM)
    share: float = shown(N_("Size, of the uploaded file"), Unit.SHARE)
    least: float = shown(N_("Loss, at least"), Unit.SHARE)
    most: float = shown(N_("Loss, at most"), Unit.SHARE)
    classes: bool = internal()


@dataclass(frozen=True, kw_only=True)
class CardPays(Entry):
    """A graphics card for this model."""

    batch: int = shown(N_("Rows at once"), Unit.COUNT)
    cpu: float = shown(N_("Milliseconds on this processor, measured"), Unit.NUMBER)
    card: float = shown(N_("Milliseconds on a small card, estimated"), Unit.NUMBER)
    times: float = shown(N_("Times as fast"), Unit.NUMBER)


@dataclass(frozen=True, kw_only=True)
class LargeReplies(Entry):
    """Replies that are large."""

    bytes: float = shown(N_("Median size of a reply (kB)"), Unit.NUMBER)
    most: float = shown(N_("Size of the largest hundredth (kB)"), Unit.NUMBER)
    requests: int = shown(N_("Requests"), Unit.COUNT)


HOW: Final = N_("Time of each part of a request, as the log's own lines tell it, by the time of the whole request; means.")
SHARE_AT: Final = {"share_at": Shown(N_("Share of the request that counts"), Unit.SHARE)}

FETCH: Final = Rule[LimitedBy](
    code="SRV001",
    title=N_("Fetching features limits the service"),
    says=N_("Fetching features takes {time:number} of the {whole:number} ms of a request ({share:percent})."),
    why=N_("A faster model or more processors would hardly help: the service waits for a database or another service."),
    remedy=N_(
        "Keep features that seldom change in a cache, compute them ahead of time, or fetch them in one call; below stands "
        "what each "
        "would have brought on these very requests."
    ),
    statistic=HOW,
    source="Amdahl 1967, doi:10.1145/1465482.1465560",
    thresholds=SHARE_AT,
)
MODEL: Final = Rule[LimitedBy](
    code="SRV002",
    title=N_("The model itself limits the service"),
    says=N_("The model takes {time:number} of the {whole:number} ms of a request ({share:percent})."),
    why=N_("Caches of features and faster databases would hardly help: the time goes into the prediction."),
    remedy=N_("Take one of the smaller copies below, answer requests in batches, or give it more processors or a graphics card."),
    statistic=HOW,
    source="Amdahl 1967, doi:10.1145/1465482.1465560",
    thresholds=SHARE_AT,
)
WAIT: Final = Rule[Waiting](
    code="SRV003",
    title=N_("Requests wait for a free worker"),
    says=N_(
        "Requests that find others under way take {others:number} ms, those that come alone {alone:number} ms: "
        "{share:percent} of "
        "all the time is waiting."
    ),
    why=N_("While a request waits, the service does nothing for it; its answer is as late as if the model were slow."),
    remedy=N_("Start more workers, or answer requests together; the table below shows with how many nobody waits long."),
    statistic=N_("Mean time of requests that found another one under way, less that of requests that came alone."),
    source="Little 1961, doi:10.1287/opre.9.3.383; Student's t interval of a difference",
    thresholds={"wait_at": Shown(N_("Share of the time that counts"), Unit.SHARE)},
)
LOAD: Final = Rule[Loading](
    code="SRV004",
    title=N_("Loading the model limits the service"),
    says=N_("The model is loaded {loads:count} times for {requests:count} requests: {share:percent} of the time of a request."),
    why=N_("Loading is needed once for each process; for each request it is pure delay."),
    remedy=N_("Load the model when the process starts (at module level, or in the lifespan), and keep it."),
    statistic=N_("Loads for each request, times what loading takes as the log tells it, by the time of a request."),
    source="https://fastapi.tiangolo.com/advanced/events/; gunicorn documentation, preload_app",
    thresholds=SHARE_AT,
)


def _cache(entry: CachePays) -> str:
    if entry.features:
        return N_(
            "A cache of {size:count} feature rows would have answered {hits:percent} of the fetches and saved {saved:number} of "
            "{whole:number} ms a request."
        )
    return N_(
        "A cache of {size:count} predictions would have answered {hits:percent} of the requests and saved {saved:number} of "
        "{whole:number} ms a request."
    )


CACHE: Final = Rule[CachePays](
    code="SRV005",
    title=N_("A cache pays"),
    says=_cache,
    why=N_("What was fetched or predicted a moment ago need not be fetched or predicted again, as long as it still holds."),
    remedy=N_(
        "Put a cache before it, with a limit on entries and on age; choose the age by how fast the values change. The lines "
        "below "
        "do so."
    ),
    statistic=N_("The log's own requests in their order, against a cache that drops what was longest unused."),
    source="Mattson et al. 1970, doi:10.1147/sj.92.0078",
    severity=Severity.INFO,
    thresholds={
        "hits_at": Shown(N_("Share of hits that counts, at least"), Unit.SHARE),
        "saved_at": Shown(N_("Share of the time that counts"), Unit.SHARE),
    },
)
BATCHING: Final = Rule[BatchingPays](
    code="SRV006",
    title=N_("Answering requests together pays"),
    says=N_(
        "Within {goal:number} ms one worker answers {single:number} requests a second one by one, and {batched:number} in "
        "batches "
        "of up to {batch:count}."
    ),
    why=N_("A call has a cost of its own; for many rows at once it is paid once."),
    remedy=N_("Serve the model from Triton or BentoML with these settings; the files below are ready."),
    statistic=N_(
        "The log's own arrivals, made denser until the goal is missed, with the model's measured time for so many rows at once."
    ),
    source="Crankshaw et al. 2017, Clipper, NSDI; times measured on this machine",
    severity=Severity.INFO,
    thresholds={
        "capacity_at": Shown(N_("Times as many requests that count"), Unit.NUMBER),
        "near_at": Shown(N_("Share of one worker's capacity that today's load must reach"), Unit.SHARE),
    },
)
WORKERS: Final = Rule[MoreWorkers](
    code="SRV007",
    title=N_("Too few workers"),
    says=N_(
        "With {workers:count} workers instead of {now:count}, 95 of 100 requests are answered within {after:number} ms "
        "instead of "
        "{before:number} ms."
    ),
    why=N_("Requests queue up while all workers are busy; each worker more shortens the queue for all."),
    remedy=N_("Set the number of workers in the files below; check that the machine has as many processors and the memory."),
    statistic=N_("The log's own arrivals and times, with one worker after the other, first come, first served."),
    source="Allen 1990, Probability, Statistics, and Queueing Theory, section 5.3; simulated",
    thresholds={"slower_at": Shown(N_("Times as slow that counts"), Unit.NUMBER)},
)


def _own(entry: OwnServer) -> str:
    if entry.said:
        return N_("The log says that the framework's own development server answers the requests.")
    return N_("{file:name} starts the framework's own server (line {line:count}), and nothing shows another one in its place.")


OWN_SERVER: Final = Rule[OwnServer](
    code="SRV008",
    title=N_("The framework's own server serves"),
    says=_own,
    why=N_("It is one process made for trying things out: it neither restarts what fails nor uses the other processors."),
    remedy=N_("Start the same code with gunicorn or uvicorn, or the model with a model server; the files below are ready."),
    statistic=N_("The code that starts the service, read and never run, and the lines by which servers name themselves."),
    source="https://flask.palletsprojects.com/en/stable/deploying/",
)


def _copy(entry: SmallerCopy) -> str:
    if entry.classes:
        return N_(
            "A copy of the uploaded model ({what:term}) answers a row in {mine:number} instead of {base:number} ms, in "
            "{share:percent} "
            "of the size, and names the same class in {same:percent} of {rows:count} rows."
        )
    return N_(
        "A copy of the uploaded model ({what:term}) answers a row in {mine:number} instead of {base:number} ms, in "
        "{share:percent} of "
        "the size; its mean absolute error is no larger beyond chance on {rows:count} rows."
    )


SMALLER: Final = Rule[SmallerCopy](
    code="SRV009",
    title=N_("A smaller copy of the model answers as well"),
    says=_copy,
    why=N_("The same answers cost less time and memory in every request."),
    remedy=N_("Download it below, and serve both side by side until their answers agree on production's own rows."),
    statistic=N_("Score on labelled rows that the copy was not made with, beside the uploaded model's on the same rows."),
    source="Jacob et al. 2018, arXiv:1712.05877; Buciluă et al. 2006, doi:10.1145/1150402.1150464; measured on this machine",
    severity=Severity.INFO,
    thresholds={
        "faster_at": Shown(N_("Times as fast that counts"), Unit.NUMBER),
        "smaller_at": Shown(N_("Share of the size that counts"), Unit.SHARE),
        "lost_at": Shown(N_("Loss of score that is accepted"), Unit.NUMBER),
    },
)


def _costly(entry: CostlyCopy) -> str:
    if entry.classes:
        return N_(
            "A copy of the uploaded model ({what:term}) has {share:percent} of its size, but is wrong in {least:percent} to "
            "{most:percent} more of the rows."
        )
    return N_(
        "A copy of the uploaded model ({what:term}) has {share:percent} of its size, but its mean absolute error is "
        "{least:percent} "
        "to {most:percent} larger."
    )


COSTLY: Final = Rule[CostlyCopy](
    code="SRV010",
    title=N_("A smaller copy of the model answers worse"),
    says=_costly,
    why=N_("What was gained in size is paid for in wrong answers."),
    remedy=N_("Take another copy, or quantise only some layers; never swap without this comparison."),
    statistic=N_("Score on labelled rows that the copy was not made with, beside the uploaded model's on the same rows."),
    source="Measured on this machine; Student's t interval of the paired difference",
    severity=Severity.INFO,
)
CARD: Final = Rule[CardPays](
    code="SRV011",
    title=N_("A graphics card may pay"),
    says=N_(
        "With {batch:count} rows at once a small graphics card should take {card:number} ms where this processor takes "
        "{cpu:number} ms."
    ),
    why=N_("Large layers are what graphics cards are made for; small ones lose more on the way there than they gain."),
    remedy=N_(
        "Try it for an hour on a rented card before you buy: the three lines below compare providers on your own rows. Watch the "
        "log for a fall back to the CPU."
    ),
    statistic=N_("Multiplications and weights by a card's data sheet, with the start of each operator and the way to the card."),
    source="Williams et al. 2009, doi:10.1145/1498765.1498785; NVIDIA T4 data sheet",
    severity=Severity.INFO,
    thresholds={"card_at": Shown(N_("Times as fast that counts"), Unit.NUMBER)},
)
LARGE: Final = Rule[LargeReplies](
    code="SRV012",
    title=N_("Replies are large"),
    says=N_("Half of the replies are larger than {bytes:number} kB."),
    why=N_("A large reply is held in memory until the caller has read it, once for every request under way."),
    remedy=N_("Send only what callers use, in pages or as a stream; write files and pictures to storage and send their address."),
    statistic=N_("Size of the replies as the access lines tell it."),
    source="RFC 9110, section 8.6; chosen by hand",
    thresholds={"large_at": Shown(N_("Size in kB that counts"), Unit.NUMBER)},
)
RULES: Final = (FETCH, MODEL, WAIT, LOAD, CACHE, BATCHING, WORKERS, OWN_SERVER, SMALLER, COSTLY, CARD, LARGE)
