"""What a watch says to other programs: JSON, Prometheus' text format, JUnit's XML and annotations of GitHub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from xml.etree import ElementTree

from diagnostics.nouns.words import Words
from diagnostics.watch import alerts, records
from diagnostics.watch.alerts import Alert, Topic
from diagnostics.watch.judge import missing_now
from diagnostics.watch.records import Batch, Metric, State, Watch

LEVELS: Final = {Topic.CHANGE: "error", Topic.MISSING: "warning", Topic.UNREADABLE: "warning", Topic.SOURCE: "error"}


def record(watch: Watch, words: Words, now: datetime) -> dict[str, Any]:
    """The state of a watch as plain JSON values. now: aware."""
    history = records.history(watch.id)
    return {
        "schema": 1,
        "watch": watch.settings.name,
        "id": watch.id,
        "looked": _iso(watch.looked),
        "trouble": watch.trouble.statement(words) if watch.trouble else None,
        "batches": [_batch(batch, words) for batch in history],
        "late": [begin.isoformat() for begin in missing_now(watch, history, now)],
        "alerts": [_alert(alert, words) for alert in alerts.of_watch(watch.id)],
    }


def _batch(batch: Batch, words: Words) -> dict[str, Any]:
    return {
        "name": batch.name,
        "state": str(batch.state),
        "since": _iso(batch.since),
        "until": _iso(batch.until),
        "rows": batch.rows,
        "labelled": batch.labelled,
        "reason": batch.reason.statement(words) if batch.reason else None,
        "metric": _metric(batch.metric),
        "verdict": batch.verdict or None,
        "causes": [
            {
                "code": cause.code,
                "confidence": round(cause.confidence, 3),
                "columns": list(cause.columns),
                "since": _iso(cause.since),
            }
            for cause in batch.causes
        ],
        "incident": batch.incident or None,
    }


def _metric(metric: Metric | None) -> dict[str, Any] | None:
    if metric is None:
        return None
    held = metric.value
    return {"name": metric.name, "value": held.value, "low": held.low, "high": held.high, "estimated": metric.estimated}


def _alert(alert: Alert, words: Words) -> dict[str, Any]:
    return {
        "number": alert.number,
        "topic": str(alert.topic),
        "cause": alert.cause or None,
        "batch": alert.batch,
        "opened": _iso(alert.opened),
        "closed": _iso(alert.closed),
        "says": alerts.lines(alert.said, words),
        "columns": list(alert.said.columns),
        "since": _iso(alert.said.since),
        "incident": alert.said.incident or None,
    }


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def text(watch: Watch, words: Words, now: datetime) -> str:
    """One line a thing that people want to know."""
    from diagnostics.nouns.words import N_

    history = records.history(watch.id)
    counted = [batch for batch in history if batch.state is State.DONE]
    open_ = standing(watch)
    told = [words(N_("{watch:name}: {count:count} batches were looked at."), watch=watch.settings.name, count=len(counted))]
    if watch.trouble:
        told.append(watch.trouble.statement(words))
    for alert in open_:
        told += alerts.lines(alert.said, words, link=watch.settings.link)
    late = missing_now(watch, history, now)
    if late:
        told.append(words(N_("Late: {times:list}."), times=[words.time(when) for when in late]))
    if not open_ and not watch.trouble:
        told.append(words(N_("Nothing changed that could not be chance.")))
    return "".join(f"{line}\n" for line in told)


def standing(watch: Watch) -> list[Alert]:
    """The alerts that are open."""
    return [alert for alert in alerts.of_watch(watch.id) if alert.closed is None]


def prometheus(watches: Sequence[Watch], now: datetime) -> str:
    """Prometheus' text exposition format, version 0.0.4."""
    families: dict[str, tuple[str, str, list[tuple[dict[str, str], float]]]] = {
        "model_clinic_batches": ("gauge", "Batches of a watch by state.", []),
        "model_clinic_alerts_open": ("gauge", "Alerts that are open, by cause.", []),
        "model_clinic_metric": ("gauge", "Metric of the latest batch.", []),
        "model_clinic_late_batches": ("gauge", "Batches that are late.", []),
        "model_clinic_source_up": ("gauge", "Whether the source could be reached at the last look.", []),
        "model_clinic_last_look_seconds": ("gauge", "When the watch was looked at last, in seconds since 1970.", []),
    }
    for watch in watches:
        history = records.history(watch.id)
        own = {"watch": watch.settings.name}
        for state in State:
            families["model_clinic_batches"][2].append(
                ({**own, "state": str(state)}, sum(batch.state is state for batch in history))
            )
        counts: dict[str, int] = {}
        for alert in standing(watch):
            counts[alert.cause or str(alert.topic)] = counts.get(alert.cause or str(alert.topic), 0) + 1
        families["model_clinic_alerts_open"][2].extend(
            ({**own, "cause": code}, many) for code, many in (counts or {"": 0}).items()
        )
        last = next((batch.metric for batch in reversed(history) if batch.metric), None)
        if last is not None:
            estimated = {"metric": last.name, "estimated": str(last.estimated).lower()}
            families["model_clinic_metric"][2].append(({**own, **estimated}, last.value.value))
        families["model_clinic_late_batches"][2].append((own, len(missing_now(watch, history, now))))
        families["model_clinic_source_up"][2].append((own, 0.0 if watch.trouble else 1.0))
        if watch.looked is not None:
            families["model_clinic_last_look_seconds"][2].append((own, (watch.looked - datetime(1970, 1, 1)).total_seconds()))
    lines = []
    for name, (kind, about, samples) in families.items():
        lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
        for labels, value in samples:
            inside = ",".join(f'{key}="{_escaped(held)}"' for key, held in labels.items())
            lines.append(f"{name}{{{inside}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def junit(watch: Watch, words: Words) -> str:
    """A test case for each batch, failed where an open alert began with it, and one for the source."""
    history = records.history(watch.id)
    open_ = {alert.batch: alert for alert in standing(watch)}
    suite = ElementTree.Element("testsuite", name=watch.settings.name, tests=str(len(history) + 1))
    failures = skipped = 0
    for batch in history:
        case = ElementTree.SubElement(suite, "testcase", classname=watch.settings.name, name=batch.name)
        if batch.name in open_:
            failures += 1
            told = alerts.lines(open_[batch.name].said, words, link=watch.settings.link)
            ElementTree.SubElement(case, "failure", message=_printable(told[0])).text = _printable("\n".join(told))
        elif batch.state is not State.DONE:
            skipped += 1
            ElementTree.SubElement(case, "skipped", message=_printable(batch.reason.statement(words)))
    source = ElementTree.SubElement(suite, "testcase", classname=watch.settings.name, name="source")
    if watch.trouble:
        failures += 1
        ElementTree.SubElement(source, "failure", message=_printable(watch.trouble.statement(words)))
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _printable(told: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(c for c in told if c in "\n\t" or ord(c) >= 32)


def github(watch: Watch, words: Words) -> str:
    """Workflow commands of GitHub Actions, one for each open alert."""
    told = []
    for alert in standing(watch):
        said = alerts.lines(alert.said, words, link=watch.settings.link)
        title = _command(watch.settings.name, property_=True)
        told.append(f"::{LEVELS[alert.topic]} title={title}::{_command(chr(10).join(said))}")
    return "".join(f"{line}\n" for line in told)


def _command(said: str, *, property_: bool = False) -> str:
    held = said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return held.replace(":", "%3A").replace(",", "%2C") if property_ else held


def dumped(watch: Watch, words: Words, now: datetime) -> str:
    return json.dumps(record(watch, words, now), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
