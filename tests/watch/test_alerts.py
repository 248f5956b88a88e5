"""Alerts reach a real mail server and a real webhook, once, and again where nobody answered."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiosmtpd.controller import Controller

from diagnostics.nouns.refusal import Reason
from diagnostics.nouns.words import Words, words_for
from diagnostics.watch import alerts, channels, outputs, records
from diagnostics.watch.alerts import Event, Said, Sent, Topic
from diagnostics.watch.records import Watch
from tests.watch.conftest import moment, watching

NOW = records.utc(moment(0))
SAID = Said(
    what=Reason("{column:name} is {ratio:number} times too large.", {"column": "income", "ratio": 1000}),
    rows=400,
    of_rows=1_000,
    confidence=0.97,
    explains=0.91,
    columns=("income",),
    incident="A" * 22,
)


class Mailbox:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@pytest.fixture
def post_office() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def hook() -> Iterator[tuple[list[dict[str, Any]], int, list[int]]]:
    """What a webhook was given, its port, and the status that it answers with."""
    got: list[dict[str, Any]] = []
    status = [200]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if status[0] == 200:
                got.append(json.loads(body))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield got, server.server_port, status
    server.shutdown()
    thread.join()
    server.server_close()


def raised(watch: Watch, about: str = "b1", cause: str = "unit_change", now: Any = NOW) -> int | None:
    return alerts.raised(watch.id, Topic.CHANGE, about, batch=about, said=SAID, cause=cause, now=now)


def posted(watch: Watch, now: Any = NOW) -> channels.Posted:
    return channels.post(watch, now=now, owner="me")


def test_mail_and_webhook_get_the_cause_the_rows_the_proof_and_the_link(
    home: Path, history: Path, post_office: tuple[Mailbox, int], hook: tuple[list[dict[str, Any]], int, list[int]]
) -> None:
    box, port = post_office
    got, door, _ = hook
    tell = [
        f"mailto://127.0.0.1:{port}?from=clinic@example.com&to=ann@example.com&mode=insecure",
        f"json://127.0.0.1:{door}/secret-token/",
    ]
    watch = watching(home, history, tell=tell, link="https://clinic.example.com")
    raised(watch)
    assert raised(watch) is None
    assert posted(watch) == channels.Posted(sent=2, failed=0)
    assert posted(watch) == channels.Posted()
    [letter] = box.letters
    text = letter.get_body(("plain", "html"))
    assert text is not None
    body = str(text.get_content())
    for part in ("income is 1,000 times too large", "400 of 1,000", "91%", "97%", f"causes?incident={'A' * 22}"):
        assert part in body
    assert "shop" in str(letter["subject"])
    assert "income is 1,000 times too large" in got[0]["message"]
    alerts.closed(alerts.of_watch(watch.id)[0], now=NOW)
    posted(watch)
    assert len(box.letters) == len(got) == 2
    assert "over" in got[1]["title"]


def test_a_dead_channel_is_tried_again_later_and_shown(
    home: Path, history: Path, hook: tuple[list[dict[str, Any]], int, list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    got, door, status = hook
    watch = watching(home, history, tell=[f"json://user:pass-word@127.0.0.1:{door}/secret-token/"])
    status[0] = 500
    raised(watch)
    assert posted(watch) == channels.Posted(failed=1)
    [channel] = channels.of_watch(watch.id)
    assert channel.trouble
    assert channel.waiting == 1
    assert posted(watch, NOW + timedelta(seconds=30)) == channels.Posted()
    status[0] = 200
    assert posted(watch, NOW + timedelta(seconds=61)) == channels.Posted(sent=1)
    [channel] = channels.of_watch(watch.id)
    assert (channel.trouble, channel.waiting) == ("", 0)
    assert channel.reached is not None
    assert len(got) == 1
    told = repr(channel) + repr(records.one(watch.id)) + outputs.dumped(watch, Words(), moment(0)) + caplog.text
    assert "secret-token" not in told
    assert "pass-word" not in told


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "TIiajkdnlazkcOXrIdevi7FQ"),
        ("json://h.example.com/hooks/0123456789abcdef?key=zzz-secret", "0123456789abcdef"),
        ("json://h.example.com/hooks/0123456789abcdef?key=zzz-secret", "zzz-secret"),
        ("mailtos://ann:hush-hush@example.com", "hush-hush"),
        ("mailtos://ann:${MAIL_PASSWORD}@example.com", "MAIL_PASSWORD"),
    ],
)
def test_no_secret_is_shown(address: str, secret: str) -> None:
    assert secret not in channels.shown(address)
    assert "://" in channels.shown(address)


def test_a_secret_may_stand_in_the_environment(home: Path, history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watching(home, history, tell=["json://127.0.0.1:9/${HOOK_KEY}/"])
    raised(watch)
    assert posted(watch).failed == 1
    assert "HOOK_KEY" in channels.of_watch(watch.id)[0].trouble
    monkeypatch.setenv("HOOK_KEY", "k-123")
    seen: list[str] = []
    channels.post(watch, now=NOW + timedelta(hours=2), owner="me", sending=lambda address, *_: seen.append(address) or "")
    assert seen == ["json://127.0.0.1:9/k-123/"]


def test_an_open_alert_is_said_again_after_the_chosen_time_and_silence_is_kept(home: Path, history: Path) -> None:
    watch = watching(home, history, tell=["json://127.0.0.1:9/"])
    said: list[str] = []

    def round_(now: Any) -> None:
        channels.post(watch, now=now, owner="me", sending=lambda _, title, __: said.append(title) or "")

    raised(watch)
    round_(NOW)
    for hours in (1, 25):
        alerts.repeat(watch.id, after=86_400, now=NOW + timedelta(hours=hours))
        round_(NOW + timedelta(hours=hours))
    assert [title.split(":")[0] for title in said] == ["shop", "shop, still so"]
    later = NOW + timedelta(hours=26)
    alerts.silence(watch.id, "unit_change", until=later + timedelta(days=7), why="known")
    raised(watch, "b2", now=later)
    raised(watch, "b3", cause="missing_values", now=later)
    round_(later)
    assert len(said) == 3
    assert [(m.event, m.state) for m in alerts.sent(watch.id)][:2] == [(Event.OPENED, Sent.SENT), (Event.OPENED, Sent.SILENCED)]
    [silence] = alerts.silenced(watch.id, now=later)
    assert alerts.silenced(watch.id, now=later + timedelta(days=8)) == []
    alerts.unsilence(watch.id, silence.number)
    raised(watch, "b4", now=later)
    round_(later)
    assert len(said) == 4


def test_a_message_whose_sender_was_killed_is_sent_by_the_next(home: Path, history: Path) -> None:
    watch = watching(home, history, tell=["json://127.0.0.1:9/"])
    raised(watch)

    def killed(*_: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        channels.post(watch, now=NOW, owner="ann", sending=killed)
    soon = NOW + timedelta(seconds=5)
    assert channels.post(watch, now=soon, owner="ben", sending=lambda *_: "").sent == 0
    late = NOW + timedelta(seconds=records.LEASE + 1)
    assert channels.post(watch, now=late, owner="ben", sending=lambda *_: "").sent == 1


def test_outputs_for_other_programs(home: Path, history: Path) -> None:
    watch = watching(home, history, name='shop "north"')
    records.enter(watch.id, [records.Batch(name="b1", since=NOW, until=NOW + timedelta(days=1))])
    raised(watch)
    suite = ElementTree.fromstring(outputs.junit(watch, Words()))
    assert suite.get("failures") == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "income is 1,000 times too large" in str(failure.get("message"))
    line = outputs.github(watch, Words())
    assert line.startswith('::error title=shop "north"::income is 1,000 times too large.%0A')
    metrics = outputs.prometheus([watch], moment(0))
    assert 'model_clinic_alerts_open{watch="shop \\"north\\"",cause="unit_change"} 1' in metrics
    for row in metrics.splitlines():
        assert row.startswith(("# HELP ", "# TYPE ")) or row.rpartition(" ")[0].endswith("}")
    assert "97%" in outputs.text(watch, words_for("zh"), moment(0))
