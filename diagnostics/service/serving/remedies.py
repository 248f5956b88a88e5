"""Every way to a faster service, with what it would bring here: measured, replayed or simulated, or what is missing to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from diagnostics.nouns.words import N_, Value
from diagnostics.service.serving.accelerator import Fit
from diagnostics.service.serving.check import Serving
from diagnostics.service.serving.framework import Server


class Basis(StrEnum):
    """What a number rests on."""

    MEASURED = "measured"
    REPLAYED = "replayed"
    SIMULATED = "simulated"
    ESTIMATED = "estimated"
    KNOWN = "known"
    UNKNOWN = "unknown"


BASES: Final = {
    Basis.MEASURED: N_("measured here"),
    Basis.REPLAYED: N_("replayed on the log"),
    Basis.SIMULATED: N_("simulated from the log"),
    Basis.ESTIMATED: N_("estimated"),
    Basis.KNOWN: N_("from code and log"),
    Basis.UNKNOWN: N_("not measured"),
}


@dataclass(frozen=True, kw_only=True)
class Brought:
    """One remedy. says: message id of what it brings, with `values`."""

    name: str
    basis: Basis
    says: str
    values: Mapping[str, Value]


def _row(name: str, basis: Basis, says: str, **values: Value) -> Brought:
    return Brought(name=name, basis=basis, says=says, values=values)


NO_LOG: Final = N_("Give a log whose lines say when a request came and how long it took.")
NO_KEYS: Final = N_("Give a log whose lines say for whom a request is (customer=12).")
NO_CODE: Final = N_("Give the code of the service.")
NO_MODEL: Final = N_("Give the model as ONNX.")


def remedies(p: Serving) -> tuple[Brought, ...]:
    """In the order in which they are usually worth trying."""
    return (*_caches(p), *_servers(p), *_copies(p), *_hardware(p))


def _caches(p: Serving) -> list[Brought]:
    mean = p.asked.mean if p.asked else None
    name, ahead = N_("Cache features or predictions"), N_("Compute features ahead of time, each night")
    found = []
    if p.cache is None:
        found += [_row(name, Basis.UNKNOWN, NO_KEYS), _row(ahead, Basis.UNKNOWN, NO_KEYS)]
    else:
        last = p.cache.sizes[-1]
        says = N_("{hits:percent} of {count:count} requests would be answered by it.")
        if p.saves is not None and mean:
            says = N_(
                "{hits:percent} of {count:count} requests would be answered by it: {saved:number} of {whole:number} ms saved."
            )
        values = {"hits": last.share, "count": p.cache.keyed, "saved": last.share * (p.saves or 0.0), "whole": mean or 0.0}
        found.append(_row(name, Basis.REPLAYED, says, **values))
        if p.cache.precomputed is None:
            found.append(_row(ahead, Basis.UNKNOWN, N_("Give a log of at least two days.")))
        else:
            says = N_("{hits:percent} of a day's requests are for somebody who asked the day before.")
            found.append(_row(ahead, Basis.REPLAYED, says, hits=p.cache.precomputed))
    if p.rows_cache is not None:
        says = N_(
            "{hits:percent} of the current rows repeat an earlier one in all features: a cache of predictions answers them."
        )
        found.append(_row(N_("Cache predictions by their input"), Basis.REPLAYED, says, hits=p.rows_cache.sizes[-1].share))
    service = N_("A feature service: one call that brings all features of a request")
    if p.caches_features and p.saves is not None and mean:
        says = N_("At most {time:number} of {whole:number} ms, what fetching takes now; less what one call takes.")
        found.append(_row(service, Basis.ESTIMATED, says, time=p.saves, whole=mean))
    else:
        found.append(_row(service, Basis.UNKNOWN, N_("Give a log whose lines say how long fetching features took.")))
    return found


def _servers(p: Serving) -> list[Brought]:
    found = []
    own, proper = p.framework, N_("A proper server instead of the framework's own")
    if own is None:
        found.append(_row(proper, Basis.UNKNOWN, N_("Give the code or the beginning of the log, where the server names itself.")))
    elif own.server is Server.OWN:
        found.append(_row(proper, Basis.KNOWN, N_("It uses all processors and restarts what fails; the files are below.")))
    else:
        found.append(_row(proper, Basis.KNOWN, N_("Already there: {server:name}."), server=own.server.value))
    more, now = N_("More workers"), p.simulated(p.workers)
    if now is None:
        found.append(_row(more, Basis.UNKNOWN, NO_LOG))
    else:
        best = p.simulated(p.sizing.workers) or now
        says = N_(
            "With {workers:count} instead of {now:count}: 95 of 100 within {after:number} instead of {before:number} ms, mean "
            "wait "
            "{wait:number} instead of {waits:number} ms (queueing theory says {theory:number})."
        )
        if now.theory is None:
            says = N_(
                "With {workers:count} instead of {now:count}: 95 of 100 within {after:number} instead of {before:number} ms, "
                "mean "
                "wait {wait:number} instead of {waits:number} ms."
            )
        values = {"workers": best.workers, "now": p.workers, "after": best.p95, "before": now.p95}
        more_values = {"wait": best.wait, "waits": now.wait, "theory": now.theory}
        found.append(_row(more, Basis.SIMULATED, says, **values, **more_values))
    found.append(_threads(p))
    found.append(_batches(p))
    load, size = p.model.load if p.model else None, p.model.bytes / 1e6 if p.model else 0.0
    preload = N_("Load the model before the workers are forked (preload)")
    if own is not None and own.forks:
        says = N_("{workers:count} workers share one copy of the model instead of holding one each, and start at once.")
        found.append(_row(preload, Basis.KNOWN, says, workers=p.sizing.workers))
    elif p.model is not None and load is not None:
        says = N_(
            "Not with ONNX Runtime, TensorFlow or PyTorch: a session does not survive a fork. {workers:count} workers hold "
            "{size:number} MB each."
        )
        found.append(_row(preload, Basis.KNOWN, says, workers=p.sizing.workers, size=size))
    else:
        found.append(_row(preload, Basis.UNKNOWN, NO_CODE))
    says = N_("No request is lost or slow while a new model comes: Triton and TensorFlow Serving do so, gunicorn by kill -HUP.")
    found.append(_row(N_("Load a new model while the old one answers (hot reload)"), Basis.KNOWN, says))
    many = N_("Several models in one server")
    if p.model is None:
        found.append(_row(many, Basis.UNKNOWN, NO_MODEL))
    else:
        says = N_("Each takes about its file in memory ({size:number} MB here); Triton holds as many as fit.")
        found.append(_row(many, Basis.ESTIMATED, says, size=size))
    return found


def _threads(p: Serving) -> Brought:
    name = N_("More threads, or processes, for the model")
    if p.model is None or p.model.load is None:
        return _row(name, Basis.UNKNOWN, NO_MODEL)
    load, largest = p.model.load, max(cell.batch for cell in p.model.load.cells)
    one, two = load.cell(largest), load.cell(largest, threads=2)
    both = load.cell(1, workers=2)
    single = load.cell(1)
    if one is None or single is None or both is None:
        return _row(name, Basis.UNKNOWN, NO_MODEL)
    says = N_(
        "Two processes answer {processes:number} times as many single rows a second; two threads answer {rows:count} rows at "
        "once "
        "{threads:number} times as fast."
    )
    if two is None:
        says = N_("Two processes answer {processes:number} times as many single rows a second.")
    values: dict[str, Value] = {"processes": both.per_second / single.per_second, "rows": largest}
    return _row(name, Basis.MEASURED, says, **values, threads=None if two is None else one.p50 / two.p50)


def _batches(p: Serving) -> Brought:
    name = N_("Answer requests together (dynamic batching)")
    single = next((c for c in p.capacity if c.batch == 1), None)
    best = max((c for c in p.capacity if c.batch > 1), key=lambda c: c.per_second, default=None)
    if single is None or best is None:
        return _row(name, Basis.UNKNOWN, N_("Give the model as ONNX, or a log whose lines say how many rows a batch had."))
    says = N_(
        "Within {goal:number} ms one worker answers {batched:number} requests a second instead of {single:number}, up to "
        "{batch:count} together."
    )
    if p.asked is not None:
        says = N_(
            "Within {goal:number} ms one worker answers {batched:number} requests a second instead of {single:number}, up to "
            "{batch:count} together; the busiest stretch of the log has {today:number}."
        )
    values = {"goal": p.goal, "batched": best.per_second, "single": single.per_second, "batch": best.batch}
    return _row(name, Basis.SIMULATED, says, **values, today=p.asked.busiest if p.asked else None)


def _copies(p: Serving) -> list[Brought]:
    if p.variants is None:
        says = N_("Give the model as ONNX, and a table with rows of it.")
        return [_row(N_("A smaller copy: quantised, pruned, distilled"), Basis.UNKNOWN, says)]
    found = []
    for copy in p.variants.copies:
        if copy.skipped:
            found.append(_row(copy.says, Basis.UNKNOWN, N_("Not for this model: {why}"), why=copy.skipped.says))
            continue
        says = N_(
            "{mine:number} instead of {base:number} ms a row, {share:percent} of the size, the same answer in {same:percent} "
            "of the rows."
        )
        values = {"mine": copy.p50, "base": p.variants.whole.p50, "share": copy.bytes / p.variants.whole.bytes, "same": copy.same}
        found.append(_row(copy.says, Basis.MEASURED, says, **values))
    return found


def _hardware(p: Serving) -> list[Brought]:
    card, engine = N_("A graphics card, TensorRT"), N_("OpenVINO on the same processor")
    found = p.accelerator
    if found is None:
        return [_row(card, Basis.UNKNOWN, NO_MODEL), _row(engine, Basis.UNKNOWN, NO_MODEL)]
    if found.fit is Fit.TREES:
        says = N_("Does not pay: ONNX Runtime runs trees on the processor, and TensorRT has no code for them.")
        more = N_("Brings nothing: it has no code for trees either.")
        return [_row(card, Basis.KNOWN, says), _row(engine, Basis.KNOWN, more)]
    if found.fit is not Fit.LAYERS:
        says = N_("Does not pay: this model has no layers, which is what such engines are made for.")
        return [_row(card, Basis.KNOWN, says), _row(engine, Basis.KNOWN, says)]
    best = max(found.estimates, key=lambda e: e.times)
    says = N_("Does not pay: at best {times:number} times as fast, with {batch:count} rows at once.")
    if found.pays is not None:
        says = N_("Pays from {pays:count} rows at once on; {times:number} times as fast with {batch:count}.")
    values: dict[str, Value] = {"times": best.times, "batch": best.batch, "pays": found.pays}
    more = N_("It takes the file as it is (onnxruntime-openvino); try it on an Intel processor with the lines below.")
    return [_row(card, Basis.ESTIMATED, says, **values), _row(engine, Basis.UNKNOWN, more)]


COMPARE: Final = """import time
import numpy as np
import onnxruntime

rows = {inputs}  # one batch of your own rows would be better
for provider in onnxruntime.get_available_providers():
    session = onnxruntime.InferenceSession("model.onnx", providers=[provider])
    if session.get_providers()[0] != provider:
        print(provider, "fell back to", session.get_providers()[0])
        continue
    for _ in range(10):
        session.run(None, rows)
    began = time.perf_counter()
    for _ in range(200):
        session.run(None, rows)
    print(provider, round(5 * (time.perf_counter() - began), 3), "ms")
"""
"""Compares what a machine offers on rows of the model's shape. inputs: a Python expression."""
