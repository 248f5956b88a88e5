"""``python -m diagnostics watch watch.yaml``: serve the schedule, or look once."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from diagnostics.keep.jobs import Job, Lane
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.words import N_, Words
from diagnostics.watch import channels, outputs, records, sources
from diagnostics.watch.look import Looked, begin, look
from diagnostics.watch.records import Watch
from diagnostics.watch.settings import read_settings

log = logging.getLogger(__name__)

WATCHES: Final = Lane(name="watch", workers=1, full=N_("Too many looks at watches are waiting: try again in a minute."))
POST_EVERY: Final = 60
"""Seconds between two rounds of sending what waits."""

Write = Callable[[str, str], None]


@dataclass(eq=False, kw_only=True)
class WatchJob(Job[Looked]):
    """One look at a watch, and the letters that come of it."""

    watch: str

    def work(self) -> Looked:
        found = look(self.watch, on_progress=self.report)
        channels.post(records.one(self.watch), now=records.utc(datetime.now(UTC)), owner=records.me())
        return found


def run_watch(options: argparse.Namespace, words: Words, write: Write) -> bool:
    """Whether an alert is open that --fail-on asks for. Raises BadInput."""
    watch = kept(options.settings)
    if options.push:
        sources.push(watch.settings, watch.folder, options.push)
    if not (options.once or options.push):
        serve(watch.id, lambda: _prometheus(options, watch.id, write))
        return False
    WatchJob(key=watch.id, watch=watch.id).work()
    watch = records.one(watch.id)
    now = datetime.now(UTC)
    if options.json:
        write(options.json, outputs.dumped(watch, words, now))
    if options.format == "json":
        write("-", outputs.dumped(watch, words, now))
    elif options.format == "junit":
        write("-", outputs.junit(watch, words))
    elif options.format == "github":
        write("-", outputs.github(watch, words))
    elif options.json != "-":
        write("-", outputs.text(watch, words, now))
    _prometheus(options, watch.id, write)
    open_ = outputs.standing(watch)
    critical = [alert for alert in open_ if outputs.LEVELS[alert.topic] == "error"]
    return bool({"warning": open_, "critical": critical}.get(options.fail_on or "", []))


def kept(file: Path) -> Watch:
    """The watch that `file` states, made or changed. Raises BadInput."""
    settings = read_settings(file)
    before = records.named(settings.name)
    tell = channels.checked(settings.tell)
    if before is None and not settings.reference:
        raise BadInput(N_("A new watch needs its `reference`: a file, an incident folder, or the id of an incident."))
    watch = records.keep(settings, tell, now=records.utc(datetime.now(UTC)))
    if before is None or before.settings.reference != settings.reference or before.settings.roles != settings.roles:
        try:
            begin(watch)
        except BadInput:
            if before is None:
                records.delete(watch.id)
            raise
    return watch


def _prometheus(options: argparse.Namespace, watch: str, write: Write) -> None:
    if options.prometheus:
        write(options.prometheus, outputs.prometheus([records.one(watch)], datetime.now(UTC)))


def serve(watch: str, looked: Callable[[], None] = lambda: None) -> None:
    """Look on schedule until the process is ended: soon after each window is over, in the watch's time zone."""
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    scheduler = BlockingScheduler(timezone=UTC)
    held = records.one(watch)
    every = IntervalTrigger(seconds=interval(held))

    def once() -> None:
        try:
            WatchJob(key=watch, watch=watch).work()
            looked()
        except BadInput as reason:
            # A database that is out of reach now may be back at the next look.
            log.error("watch %s: %s", held.settings.name, reason)

    def post() -> None:
        try:
            channels.post(records.one(watch), now=records.utc(datetime.now(UTC)), owner=records.me())
        except BadInput as reason:
            log.error("watch %s: %s", held.settings.name, reason)

    # One at a time; what was slept through is done once.
    options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    scheduler.add_job(once, every, next_run_time=datetime.now(UTC), **options)
    scheduler.add_job(post, IntervalTrigger(seconds=POST_EVERY), **options)
    scheduler.start()


def interval(watch: Watch) -> float:
    """Seconds between two looks: a twentieth of a window, from a minute to an hour."""
    every = watch.settings.every
    return 300.0 if every is None else min(3_600.0, max(60.0, every.length.total_seconds() / 20))
