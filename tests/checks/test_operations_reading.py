from __future__ import annotations

import gzip
import json
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from diagnostics.checks.operations.reading.drain import Drain
from diagnostics.checks.operations.reading.header import Heads, Level
from diagnostics.checks.operations.reading.lines import LINE_CAP, lines
from diagnostics.checks.operations.reading.mask import Masker
from diagnostics.checks.operations.reading.records import records
from diagnostics.checks.operations.reading.scan import read_logs
from diagnostics.checks.operations.reading.stamps import Stamps
from diagnostics.nouns.refusal import BadInput

NOON = datetime(2026, 5, 12, 8, 0, 1)


@pytest.mark.parametrize(
    ("line", "when", "level", "message"),
    [
        ("2026-05-12T08:00:01.123Z ERROR boom", NOON, Level.ERROR, "boom"),
        ("[2026-05-12 08:00:01 +0000] [42] [INFO] Booting worker", NOON, Level.INFO, "Booting worker"),
        ("2026-05-12 08:00:01,632 - app - WARNING - slow", NOON, Level.WARNING, "slow"),
        ("[Tue May 12 08:00:01 2026] [error] child in state 6", NOON, Level.ERROR, "child in state 6"),
        ("May 12 08:00:01 host sshd(pam)[19]: check pass", NOON, Level.NONE, "check pass"),
        ("260512 080001 148 INFO dfs.Node$Out: done", NOON, Level.INFO, "done"),
        ("26/05/12 08:00:01 WARN storage.Block: gone", NOON, Level.WARNING, "gone"),
        ("E0512 08:00:01.123456 77 server.cc:9] failed to load", NOON, None, None),
        ("2026-05-12T08:00:01,996 [INFO ] main org.pytorch.serve.Model - ready", NOON, Level.INFO, "ready"),
        ('{"time": "2026-05-12T08:00:01Z", "level": "error", "msg": "boom"}', NOON, Level.ERROR, "boom"),
        ('{"ts": 1778572801.5, "severity": "INFO", "message": "fine"}', NOON, Level.INFO, "fine"),
        ("ERROR:root:no such feature", None, Level.ERROR, "no such feature"),
        ('1.2.3.4 - ann [12/May/2026:08:00:01 +0000] "GET /x HTTP/1.1" 503 2', NOON, Level.ERROR, '"GET /x HTTP/1.1" 503 2'),
        ("\t2026-05-12 08:00:01\tERROR\tboom".strip(), NOON, Level.ERROR, "boom"),
        ("2026年05月12日 08:00:01 [警告] 慢", NOON, Level.WARNING, "慢"),
        ("05/12/2026 08:00:01 AM ERROR boom", NOON, Level.ERROR, "boom"),
        ("12.05.2026 08:00:01 ERROR boom", NOON, Level.ERROR, "boom"),
        ("2026-05-12T08:00:01.5Z stderr F ERROR: boom", NOON, Level.ERROR, "boom"),
        ('2026-05-12 08:00:01.825,"[ERROR] said ""no"""', NOON, Level.ERROR, 'said "no"'),
        ("| 1778572801000 | 2026-05-12T08:00:01,1 [ERROR] boom | AllTraffic/i-0eb |", NOON, Level.ERROR, "boom"),
        ("(ServeReplica:m pid=1) ERROR 2026-05-12 08:00:01,8 -- boom", NOON, Level.ERROR, "boom"),
        ("2026-05-12 08:00:01.1  ERROR 1 --- [nio-8080-exec-0] c.e.Ctl : boom", NOON, Level.ERROR, "boom"),
        ("2026-05-12 08:00:01.8 | ERROR    | app.main:predict:42 - boom", NOON, Level.ERROR, "boom"),
        ('time="2026-05-12T08:00:01Z" level=error msg="boom" status=503', NOON, Level.ERROR, "boom status=503"),
        ('{"log": "ERROR:    boom\\n", "stream": "stderr", "time": "2026-05-12T08:00:01.8Z"}', NOON, Level.ERROR, "boom"),
        ('{"severity": "ERROR", "timestamp": "2026-05-12T08:00:01Z", "textPayload": "boom"}', NOON, Level.ERROR, "boom"),
        ('{"jsonPayload": {"message": "boom"}, "severity": "ERROR", "timestamp": 1778572801}', NOON, Level.ERROR, "boom"),
        ('{"MESSAGE": "boom", "PRIORITY": "3", "__REALTIME_TIMESTAMP": "1778572801000000"}', NOON, Level.ERROR, "boom"),
        (
            '{"record": {"level": {"name": "ERROR"}, "message": "boom", "time": {"timestamp": 1778572801.2}}}',
            NOON,
            Level.ERROR,
            "boom",
        ),
        ('{"time": "2026-05-12T08:00:01Z", "method": "GET", "path": "/x", "status": 503}', NOON, Level.NONE, "GET /x status=503"),
        ("nothing here says when", None, Level.NONE, "nothing here says when"),
    ],
)
def test_heads_of_many_services_are_read(line: str, when: datetime | None, level: Level | None, message: str | None) -> None:
    heads = Heads(Stamps(2026))
    for _ in range(2):  # The second reading takes the remembered shape of the line.
        head = heads.read(line)
        assert head.time == when
        assert level is None or head.level is level
        assert message is None or head.message == message


def test_times_of_several_zones_are_told_in_that_of_the_first() -> None:
    heads = Heads(Stamps(2026))
    lines = [f"2026-05-12T{clock} INFO x" for clock in ("10:00:01+02:00", "08:00:01Z", "16:00:01+0800", "10:00:01")]
    assert {heads.read(line).time for line in lines} == {datetime(2026, 5, 12, 10, 0, 1)}


def test_a_day_above_twelve_tells_which_comes_first() -> None:
    heads = Heads(Stamps(2026))
    told = ["05/12/2026 08:00:01 ERROR x", "13/12/2026 08:00:01 ERROR x"]
    heads.learn(told)
    assert [heads.read(line).time for line in told] == [datetime(2026, 12, day, 8, 0, 1) for day in (5, 13)]


@pytest.mark.parametrize(
    "whole",
    [
        {
            "streams": [
                {"stream": {"app": "m"}, "values": [[f"{1778572801 + i}000000000", f"ERROR boom {i}"] for i in range(3)][::-1]}
            ]
        },
        {
            "status": "success",
            "data": {"result": [{"stream": {}, "values": [[f"{1778572801 + i}000000000", "ERROR boom"] for i in range(3)]}]},
        },
        {"events": [{"timestamp": 1778572801000 + 1000 * i, "message": f"[ERROR] boom {i}"} for i in range(3)]},
        [{"severity": "ERROR", "timestamp": f"2026-05-12T08:00:0{1 + i}Z", "textPayload": "boom"} for i in range(3)],
        {
            "hits": {
                "hits": [
                    {"_source": {"@timestamp": f"2026-05-12T08:00:0{1 + i}Z", "level": "error", "message": "b"}} for i in range(3)
                ]
            }
        },
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_a_log_that_is_one_document_is_read(tmp_path: Path, whole: object, indent: int | None) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(whole, indent=indent))
    told = read_logs((file,))
    assert (told.records, told.errors, told.since) == (3, 3, NOON)


def test_colours_of_a_terminal_are_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text("\x1b[32m2026-05-12 08:00:01\x1b[0m | \x1b[1;31mERROR\x1b[0m | boom\n")
    told = read_logs((file,))
    assert (told.errors, told.since, told.templates[0].text) == (1, NOON, "boom")


def test_the_class_of_a_status_is_part_of_the_template() -> None:
    masker = Masker()
    told = {
        f'"POST /p HTTP/1.1" {status} 17': kind for status, kind in ((200, "2xx"), (201, "2xx"), (404, "4xx"), (502, "5xx"))
    } | {"POST /p 503 in 4 ms": "5xx", "done status=500 x": "5xx", "GET /p/1 -> 200": "2xx"}
    assert {message: [word[-3:] for word in masker.words(message) if word.endswith("xx")] for message in told} == {
        message: [kind] for message, kind in told.items()
    }
    assert not any("xx" in word for word in masker.words("took 200 502 ms"))


def test_a_remembered_shape_still_sees_the_status_of_each_answer() -> None:
    heads = Heads(Stamps(2026))
    levels = [heads.read(f'1.2.3.4 - - [12/May/2026:08:00:01 +0000] "GET / HTTP/1.1" {s} 2').level for s in (200, 503, 404)]
    assert levels == [Level.INFO, Level.ERROR, Level.INFO]


def test_messages_that_differ_in_numbers_names_and_paths_are_one_template() -> None:
    masker, drain = Masker(), Drain()
    told = [
        "Received block blk_-1608999687919862906 of size 91178 from /10.250.10.6",
        "Received block blk_8229193803249955061 of size 67108864 from /10.251.215.16",
        "Took 3.2 seconds to build instance 0a1b2c3d-0000-1111-2222-333344445555",
        "Took 12 ms to build instance ffffffff-aaaa-bbbb-cccc-ddddeeeeffff",
        "Loaded /models/a/v1.onnx",
    ]
    assert [drain.add(masker.words(message)).id for message in told] == [1, 1, 2, 2, 3]


def grouped(told: list[str]) -> list[int]:
    """The template of each message, as it stands at the end."""
    masker, drain = Masker(), Drain()
    found = [drain.add(masker.words(message)) for message in told]
    drain.close()
    return [template.survivor.id for template in found]


def test_states_and_verbs_tell_messages_apart_and_names_of_many_do_not() -> None:
    states = [f"VM {word} (Lifecycle Event)" for word in ("Started", "Paused", "Stopped") for _ in range(5)]
    assert len(set(grouped(states))) == 3
    names = [f"session of {a}{b}x began on node" for a in "bcdfg" for b in "aeiou" for _ in range(3)]
    assert len(set(grouped(names))) == 1
    once = [f"cannot reach {word} now" for word in ("Ulm", "Bonn", "Kiel", "Jena")]
    assert len(set(grouped(once))) == 1
    assert len(set(grouped(["starting", "running", "closing"] * 4))) == 3


@pytest.mark.parametrize(
    "told",
    [
        ["4 bytes sent, 9 bytes received", "16559 bytes (16.17 KB) sent, 2048 bytes (2.00 KB) received"],
        ["Fan speeds ( 3552 3534 3375 3515 )", "Fan speeds ( 12 9 )"],
        ["opened for user cyrus by (uid=0)", "opened for user news by (uid=0)"],
        ["failure; tty=ssh rhost=10.0.0.7", "failure; tty=ssh rhost=ns.example"],
        ["Found block rdd_3 locally", "Found block broadcast_4_piece0 locally"],
        ["seen at Sun Jul 10 03:55:15 2005", "seen at Fri Jun 17 07:07:00 2005"],
    ],
)
def test_sizes_lists_users_and_dates_are_one_variable(told: list[str]) -> None:
    assert len(set(grouped(told))) == 1


def test_a_head_that_no_list_knows_is_found_by_where_its_time_stands() -> None:
    heads = Heads(Stamps(2026))
    told = [f"{100 + i} node-{i} unix.hw {['psu', 'net', 'fan'][i % 3]} {1778572801 + i} 1 Link ok" for i in range(60)]
    heads.learn(told)
    assert {heads.read(line).message for line in told} == {"Link ok"}
    assert Heads(Stamps(2026)).read("20260512-08:0:1:606|Step_LSC|3000|on 3579").message == "on 3579"


def test_a_traceback_is_one_record_with_its_exception() -> None:
    told = [
        "2026-05-12 08:00:01 ERROR app: prediction failed",
        "Traceback (most recent call last):",
        '  File "app.py", line 3, in predict',
        "KeyError: 'income'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "app.py", line 9, in answer',
        "app.errors.NoAnswer: none",
        "2026-05-12 08:00:02 INFO app: next",
        "2026-05-12 08:00:03 ERROR java.lang.IllegalStateException: broken",
        "\tat com.x.Main.run(Main.java:3)",
        "Caused by: java.io.IOException: disk",
    ]
    found = list(records(told, Heads(Stamps(2026))))
    assert [(r.line, r.lines, r.exception) for r in found] == [(1, 10, "NoAnswer"), (11, 1, ""), (12, 3, "IOException")]


def test_every_line_gets_the_template_of_its_record(tmp_path: Path) -> None:
    from array import array

    file = tmp_path / "a.log"
    file.write_text("2026-05-12 08:00:01 ERROR x: bad\nTraceback (most recent call last):\n  File 1\nKeyError: 3\nnot headed\n")
    assigned: array[int] = array("I")
    scanned = read_logs((file,), assigned=assigned)
    assert list(assigned) == [1, 1, 1, 1, 2]
    assert (scanned.lines, scanned.records, scanned.exceptions[0].name) == (5, 2, "KeyError")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "gb18030"])
def test_common_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    said = "模型加载成功" if encoding == "gb18030" else "Modèle prêt"
    file = tmp_path / "a.log"
    file.write_bytes("".join(f"2026-05-12 08:00:0{i} INFO {said}\r\n" for i in range(9)).encode(encoding))
    assert list(lines(file))[3] == f"2026-05-12 08:00:03 INFO {said}"


def test_a_packed_log_is_read_and_a_cut_one_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    packed = gzip.compress("".join(f"2026-05-12 08:00:01 INFO {n}\n" for n in rng.integers(0, 1 << 40, 5000)).encode())
    file = tmp_path / "a.log.gz"
    file.write_bytes(packed)
    assert sum(1 for _ in lines(file)) == 5000
    file.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(BadInput, match=r"cut off or damaged"):
        list(lines(file))


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x80\x04\x95" + bytes(range(256)) * 9, b"PK\x03\x04" + b"abc" * 50, bytes(900)]
)
def test_what_is_no_log_is_said_plainly(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.log is (empty|not a text log)"):
        list(lines(file))


def test_an_endless_line_is_cut_and_the_next_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"x" * 5_000_000 + b"\nnext\n")
    first, second = lines(file)
    assert (len(first), second) == (LINE_CAP, "next")


HOSTILE = {
    "brackets": "2026-05-12 08:00:00 " + "[" * 300 + " -" * 100 + "/a" * 300,
    "digits": "1:2.3,4-5/6_7" * 400,
    "deep json": '{"a":' * 3000 + "}" * 3000,
    "requests": '2026-05-12 08:00:00 "GET /' + "HTTP/" * 900,
    "words": "a b " * 1500,
    "dots": "2026-05-12 08:00:00 ERROR " + "a." * 2000 + "Error",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_lines_cost_no_more_than_others(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "a.log"
    file.write_text("".join(f"{HOSTILE[kind]}{i}\n" for i in range(200)))
    began = time.process_time()
    assert read_logs((file,)).lines == 200
    assert time.process_time() - began < 2.0


def test_a_log_of_nothing_but_new_words_stays_bounded(tmp_path: Path, rng: np.random.Generator) -> None:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, 5)) for _ in range(4000)]
    file = tmp_path / "a.log"
    file.write_text("".join(" ".join(rng.choice(words, 8)) + "\n" for _ in range(6000)))
    assert len(read_logs((file,)).templates) <= 6000
    assert read_logs((file,)) == read_logs((file,))
