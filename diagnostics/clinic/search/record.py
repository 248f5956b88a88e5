"""The commands `search` and `search-worker`, and the contract's JSON of the former."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnostics.clinic.search.check import Search, Settings, judge, profile, storage_url
from diagnostics.clinic.search.export import source
from diagnostics.clinic.search.plan import Method, Validation
from diagnostics.clinic.search.result import Try
from diagnostics.clinic.search.storage import default_url
from diagnostics.clinic.search.worker import THREADS, join
from diagnostics.clinic.shared.training_set import training_set
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.words import N_, Words
from diagnostics.read.folder import assemble
from diagnostics.read.reader import read_table


def run_search(
    options: argparse.Namespace, words: Words, on_progress: Callable[[float, str], None], write: Callable[[Path, str], None]
) -> dict[str, Any]:
    """The record of a finished search. Raises BadInput, also for what the clinic calls not applicable."""
    _prepare_process()
    settings = Settings(
        family=options.family,
        metric=options.metric,
        methods=tuple(Method(name) for name in options.search),
        trials=options.trials,
        minutes=options.minutes,
        validation=Validation(options.validation),
        parts=options.folds,
        pruning=not options.no_pruning,
        name=options.study,
        workers=options.workers,
        seed=options.seed,
    )
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as scratch:
        incident = _incident(options, Path(scratch))
        # A study without a name is never resumed, unless a shared database keeps it.
        url = options.storage or (default_url() if options.study else storage_url(incident))
        try:
            found = profile(
                incident, settings, on_progress=lambda share, what="", so_far=None: on_progress(share, words(what)), url=url
            )
            if options.pipeline and found.best is not None:
                write(options.pipeline, source(found, training_set(incident, rows=settings.rows), incident))
        except NotApplicable as reason:
            raise BadInput(reason.reason, **reason.values) from reason
    on_progress(1.0, "")
    return record(found, words)


def _prepare_process() -> None:
    # Two processes of several threads each would wait for one another; set before any of them is there.
    for name in THREADS:
        os.environ.setdefault(name, "1")
    # An error is printed as one plain line; without a handler, Python would print the log's line as well.
    logging.getLogger("diagnostics").addHandler(logging.NullHandler())


def _incident(options: argparse.Namespace, scratch: Path) -> Incident:
    given = {role: value for role in ("target", "timestamp", "id", "positive", "task") if (value := getattr(options, role))}
    table = read_table(options.file, scratch, name="reference")
    if options.target not in table:
        raise BadInput(N_("The table has no column {target:name}: choose another target."), target=options.target)
    # A table of one's own has no record of what its columns are: only what was said counts, and the time and id are not guessed.
    none = {role: None for role in ("timestamp", "id", "prediction") if role not in given}
    return assemble(None, {**given, **none, "title": options.file.stem}, table, None, seed=options.seed)


def record(found: Search, words: Words) -> dict[str, Any]:
    """The contract's object; of several kinds of search, that of the best, with all of them under "studies"."""
    best = next((study for study in found.studies if study.name == found.of), found.studies[0])
    held = found.held
    made: dict[str, Any] = {
        "study": best.name,
        "metric": found.metric,
        "trials": best.asked,
        "finished": best.finished,
        "best": None if found.best is None else {"value": _short(found.best), "params": dict(found.chosen)},
        "held_out": None
        if held is None
        else {
            "chosen": _short(held.chosen.value),
            "default": _short(held.default.value),
            "dummy": _short(held.dummy.value),
            "interval": [_short(held.chosen.low), _short(held.chosen.high)],
            "gain": [_short(held.gain.value), _short(held.gain.low), _short(held.gain.high)],
            "rows": held.rows,
            "optimism": _short(held.optimism),
        },
        "importances": {name: _short(share) for name, share in best.importances},
        "family": found.family,
        "search": best.method.value,
        "validation": found.validation.value,
        "folds": found.folds,
        "seed": found.seed,
    }
    if len(found.studies) > 1:
        made["studies"] = [
            {
                "study": study.name,
                "search": study.method.value,
                "trials": study.asked,
                "finished": study.finished,
                "best": _best(study.best(_higher(found))),
            }
            for study in found.studies
        ]
    made["findings"] = [{"code": f.code, "severity": str(f.severity), "statement": f.statement(words)} for f in judge(found)]
    return made


def _best(one: Try | None) -> dict[str, Any] | None:
    return None if one is None else {"value": _short(one.value), "params": dict(one.params)}


def _higher(found: Search) -> bool:
    from diagnostics.clinic.shared.scores import METRICS

    return METRICS[found.metric].higher


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def summary(made: dict[str, Any], words: Words) -> str:
    """The record as a few lines for a person."""
    lines = [finding["statement"] for finding in made["findings"]]
    if made["best"]:
        lines.append(", ".join(f"{name}={value}" for name, value in made["best"]["params"].items()))
    said = N_("Study {study:name}: {finished:count} trials finished.")
    return "\n".join([*lines, words(said, study=made["study"], finished=made["finished"])]) + "\n"


def run_worker(options: argparse.Namespace, words: Words) -> str:
    """Work until the study's trials are done; what was done in one sentence. Raises BadInput."""
    _prepare_process()
    url = options.storage or default_url()
    try:
        ran = join(url, [options.study], ended=lambda bound: print(".", end="", file=sys.stderr, flush=True))
    except NotApplicable as reason:
        raise BadInput(reason.reason, **reason.values) from reason
    said = N_("This worker ran {ran:count} trials of the study {study:name}, which is complete.")
    return words(said, ran=ran, study=options.study)
