"""The command line: ``python -m diagnostics COMMAND``; the same answers as the app, for scripts and pipelines."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from diagnostics.clinic.search.options import search_arguments
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.refusal import BadInput
from diagnostics.nouns.rule import SEVERITY_ORDER, Severity
from diagnostics.nouns.words import LANGUAGES, N_, Words, words_for
from diagnostics.watch.options import retrain_arguments, watch_arguments

DONE, FOUND, BAD_INPUT = 0, 1, 2
ROLES: Final = ("target", "prediction", "timestamp", "id", "group", "positive", "task", "title")
ARCHIVE: Final = ".zip"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # One plain line, where argparse would print its usage too.
        self.exit(BAD_INPUT, f"{self.prog}: {message}. See {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 found something (with --fail-on), 2 bad input."""
    words = words_for(_language(arguments))
    options = _parser(words).parse_args(arguments)
    try:
        return int(options.run(options, words))
    except BadInput as reason:
        print(f"model-clinic: {reason.statement(words)}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever reads the answer has enough, `head` say; what is left must not be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        where = error.filename or words(N_("a file"))
        print(f"model-clinic: {where}: {error.strerror}. Check the path and the free space, then retry.", file=sys.stderr)
    return BAD_INPUT


def _language(arguments: Sequence[str] | None) -> str:
    """What --language says: the help is written in it too, so it is read before all others."""
    first = _Parser(add_help=False)
    first.add_argument("--language", default="en")
    return str(first.parse_known_args(arguments)[0].language)


def _parser(words: Words) -> argparse.ArgumentParser:
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--json", metavar="FILE|-", help=words(N_("write the result as JSON to a file, or to standard output (-)"))
    )
    shared.add_argument(
        "--language", default="en", help=words(N_("language of the sentences: {known}"), known=", ".join(LANGUAGES))
    )
    shared.add_argument(
        "--fail-on", choices=["warning", "critical"], help=words(N_("exit with 1 when something that severe is found"))
    )
    parser = _Parser(
        prog="python -m diagnostics",
        description=words(N_("Find out why a model that was good in training is bad in production.")),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    stated = _reading_options(words)
    investigate = commands.add_parser("investigate", parents=[shared, stated], help=words(N_("name the cause of an incident")))
    investigate.add_argument("folder", nargs="?", type=Path, help=words(N_("an incident folder, or a .zip of one")))
    investigate.add_argument("--reference", type=Path, help=words(N_("rows from when all was well")))
    investigate.add_argument("--current", type=Path, help=words(N_("rows from production")))
    for role in ROLES:
        investigate.add_argument(f"--{role}", help=words(N_("{role} of the incident"), role=role))
    investigate.add_argument("--segments", nargs="*", default=None, help=words(N_("columns that say who a row is about")))
    investigate.add_argument("--report", type=Path, metavar="FILE.html|.md|.pdf", help=words(N_("write a report")))
    investigate.add_argument("--seed", type=int, default=0, help=words(N_("seed of the samples (default 0)")))
    investigate.set_defaults(run=_investigate)

    read = commands.add_parser("read", parents=[shared, stated], help=words(N_("show how a table is read")))
    read.add_argument("file", type=Path)
    read.add_argument(
        "--out", type=Path, metavar="CLEAN.csv", help=words(N_("write the table as read: UTF-8, comma, one header row"))
    )
    read.set_defaults(run=_read)

    environment = commands.add_parser("environment", parents=[shared], help=words(N_("what differs, what conflicts")))
    environment.add_argument("reference", type=Path)
    environment.add_argument("current", type=Path, nargs="?")
    environment.add_argument(
        "--resolve", action="store_true", help=words(N_("also ask the real resolver (uv) of the package index"))
    )
    environment.set_defaults(run=_environment)

    code = commands.add_parser("code", parents=[shared], help=words(N_("leakage in scripts and notebooks")))
    code.add_argument("files", type=Path, nargs="+", help=words(N_("Python scripts and notebooks; they are read, never run")))
    code.set_defaults(run=_code)

    logs = commands.add_parser("logs", parents=[shared], help=words(N_("bursts, leaks, shifts and their onset")))
    logs.add_argument("files", type=Path, nargs="*")
    logs.add_argument(
        "--metrics",
        type=Path,
        nargs="*",
        default=[],
        help=words(N_("time series: tables, Prometheus, CloudWatch, Grafana, sar, psrecord")),
    )
    logs.add_argument(
        "--limit", action="append", default=[], metavar="NAME=NUMBER", help=words(N_("where a metric ends, in its own unit"))
    )
    logs.add_argument("--assign", type=Path, metavar="FILE", help=words(N_("write the template id of every line")))
    logs.set_defaults(run=_logs)

    training = commands.add_parser("training", parents=[shared], help=words(N_("what went wrong in training")))
    training.add_argument(
        "files", type=Path, nargs="+", help=words(N_("histories: CSV, JSON, TensorBoard event files, the recorder's"))
    )
    training.add_argument(
        "--map", nargs="*", default=[], metavar="PART=COLUMN", help=words(N_("columns of a CSV: loss=a val_loss=b epoch=c …"))
    )
    training.set_defaults(run=_training)

    search = commands.add_parser("search", parents=[shared], help=words(N_("look for better hyperparameters, or resume to")))
    worker = commands.add_parser("search-worker", parents=[shared], help=words(N_("one more worker on a shared study")))
    search_arguments(search, worker, words)
    search.set_defaults(run=_search)
    worker.set_defaults(run=_search_worker)
    watch = commands.add_parser("watch", parents=[shared], help=words(N_("watch batches, and tell when something changed")))
    watch_arguments(watch, words)
    watch.set_defaults(run=_watch)
    retrain = commands.add_parser("retrain", parents=[shared], help=words(N_("whether training again would help, and on what")))
    retrain_arguments(retrain, words)
    retrain.set_defaults(run=_retrain)
    return parser


def _reading_options(words: Words) -> _Parser:
    """What a person may state of how a table is written, for whoever reads one."""
    stated = _Parser(add_help=False)
    group = stated.add_argument_group(words(N_("how the tables are written, where reading them decides otherwise")))
    group.add_argument("--sheet", help=words(N_("sheet of the workbook")))
    group.add_argument("--header", type=int, metavar="N", help=words(N_("rows of names (0: there are none)")))
    group.add_argument("--skip", type=int, metavar="N", help=words(N_("lines above the row of names")))
    group.add_argument("--decimal", metavar="MARK", help=words(N_("decimal mark: a point or a comma")))
    group.add_argument("--thousands", metavar="MARK", help=words(N_("mark between thousands: a point, a comma, a blank …")))
    group.add_argument("--dates", metavar="day|month|FORMAT", help=words(N_("what dates begin with, or a format")))
    group.add_argument("--missing", nargs="*", metavar="WORD", help=words(N_("words that mean that there is no value")))
    group.add_argument("--encoding", help=words(N_("encoding of the text, such as utf-8 or cp1252")))
    group.add_argument("--delimiter", help=words(N_("what separates the cells")))
    return stated


def _options_of(options: argparse.Namespace) -> Any:
    from diagnostics.read.caps import Options

    return Options(
        encoding=options.encoding,
        delimiter={"\\t": "\t"}.get(options.delimiter, options.delimiter),
        header_rows=options.header,
        skip_rows=options.skip,
        sheet=options.sheet,
        decimal=options.decimal,
        thousands=options.thousands,
        dates=options.dates,
        missing=None if options.missing is None else tuple(options.missing),
    )


def _investigate(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.investigation import investigate
    from diagnostics.report import files

    record = None
    if options.report:
        files.check(options.report, words)
        record = files.record_of(options.folder)
    with tempfile.TemporaryDirectory(prefix="model-clinic-") as scratch:
        incident = _incident(options, Path(scratch))
        for file, why in incident.unreadable:
            print(f"model-clinic: {file}: {why}", file=sys.stderr)
        result = investigate(incident, on_progress=_progress)
        for remark in result.remarks:
            print(f"model-clinic: {remark.statement(words)}", file=sys.stderr)
        if options.report:
            _write(options.report, files.document(options.report.suffix.lower(), result, words, record))
        if options.json:
            from diagnostics.report.as_json import as_json

            _emit(options.json, as_json(result, words))
        elif not options.report:
            _summary(result, words)
    return _failed(options.fail_on, result.findings())


def _failed(fail_on: str | None, findings: Iterable[Finding | Severity | str]) -> int:
    """The exit status: FOUND when something at least as severe as asked for was found."""
    if fail_on is None:
        return DONE
    worst = SEVERITY_ORDER.index(Severity(fail_on))
    severe = (Severity(f.severity or f.rule.severity if isinstance(f, Finding) else f) for f in findings)
    return FOUND if any(SEVERITY_ORDER.index(severity) <= worst for severity in severe) else DONE


def _incident(options: argparse.Namespace, scratch: Path) -> Any:
    from diagnostics.read.reading_process import start_for

    start_for((options.folder, options.reference, options.current))
    from diagnostics.nouns.table import Table
    from diagnostics.read.archive import unpack
    from diagnostics.read.caps import Options
    from diagnostics.read.folder import assemble, open_incident
    from diagnostics.read.pair import read_both
    from diagnostics.read.reader import read_table

    given = {role: getattr(options, role) for role in ROLES if getattr(options, role) is not None}
    if options.segments is not None:
        given["segments"] = options.segments
    if options.folder is not None:
        if options.reference or options.current or given or _options_of(options) != Options():
            raise BadInput(
                N_("Give either an incident folder (its incident.yaml says the rest), or --reference and --current with options.")
            )
        folder = options.folder
        if folder.is_file():
            if folder.suffix.lower() != ARCHIVE:
                raise BadInput(
                    N_("{file:name} is neither a folder nor a .zip: for two tables use --reference and --current."),
                    file=folder.name,
                )
            unpack(folder, scratch / "incident")
            folder = scratch / "incident"
        return open_incident(folder, work=scratch / "tables", seed=options.seed, on_progress=_progress)
    if not (options.reference or options.current):
        raise BadInput(N_("Give an incident folder, a .zip of one, or --reference and --current."))
    how = _options_of(options)
    files = {"reference": options.reference, "current": options.current}

    def read(side: str, how: Options) -> Table:
        return read_table(files[side], scratch / "tables", name=side, options=how)

    tables = {side: read(side, how) if file else None for side, file in files.items()}
    tables = read_both(tables, dict.fromkeys(files, how), read)
    given.setdefault("title", (options.current or options.reference).stem)
    return assemble(None, given, tables["reference"], tables["current"], seed=options.seed)


def _summary(result: Any, words: Words) -> None:
    if result.conclusion.cause is None:
        print(result.conclusion.statement(words))
    for cause in result.causes:
        print(words(N_("{share:percent} sure: {statement}"), share=cause.confidence, statement=cause.statement(words)))
        print("    " + cause.remedy_text(words))
    for number in (*range(1, 8), 0):
        for finding in result.findings(number)[:3]:
            print(f"[{finding.code}] {finding.statement(words)}")


def _read(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.read.reading_process import start_for

    start_for((options.file,))
    from diagnostics.read.reader import read_table
    from diagnostics.read.record import reading_record, reading_text, write_clean
    from diagnostics.read.roles import guess_roles

    with tempfile.TemporaryDirectory(prefix="model-clinic-") as scratch:
        how = _options_of(options)
        table = read_table(options.file, Path(scratch), name="table", options=how)
        settled = guess_roles(table, None)
        record = reading_record(table, settled.roles, words, settled.guesses)
        if options.out:
            write_clean(options.file, options.out, options=how)
    if options.json:
        _emit(options.json, _dump(record))
    else:
        sys.stdout.write(reading_text(record, options.file.name, words))
    # Rows that were set aside are missing from all that follows.
    return _failed(options.fail_on, [Severity.WARNING] if record["rejected_count"] else [])


def _environment(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.checks.environment.packages.check import compare, judge
    from diagnostics.checks.environment.packages.record import environment_record, environment_text

    told = compare(options.reference, options.current)
    record = environment_record(told, (options.reference, options.current), words, resolve=options.resolve)
    if options.json:
        _emit(options.json, _dump(record))
    else:
        sys.stdout.write(environment_text(record, words))
    return _failed(options.fail_on, judge(told))


def _code(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.checks.environment.leakage.check import judge
    from diagnostics.checks.environment.leakage.record import checked, code_record, code_text

    told, served = checked(options.files)
    if options.json:
        _emit(options.json, _dump(code_record(told, served, words)))
    else:
        sys.stdout.write(code_text(told, served, words))
    return _failed(options.fail_on, [*judge(told), *served])


def _logs(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.checks.operations.record import logs_text, look, recorded

    seen = look(tuple(options.files), tuple(options.metrics), _limits_of(options.limit))
    record = recorded(seen, words)
    for unread in record["unreadable"]:
        print(f"model-clinic: {unread['file']}: {unread['why']}", file=sys.stderr)
    if options.assign:
        _write_text(options.assign, "".join(f"{template}\n" for template in seen.assigned))
    if options.json:
        _emit(options.json, _dump(record))
    else:
        sys.stdout.write(logs_text(record, words))
    return _failed(options.fail_on, seen.findings)


def _limits_of(stated: Sequence[str]) -> dict[str, float]:
    limits = {}
    for one in stated:
        name, _, number = one.rpartition("=")
        try:
            limits[name.strip()] = float(number)
        except ValueError as error:
            raise BadInput(
                N_("{stated:name} sets no limit: write the metric's name, = and a number, such as memory_mb=4096."), stated=one
            ) from error
    return limits


def _training(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.clinic.training_history.record import severities, training_record, training_text

    mapping = dict(part.partition("=")[::2] for part in options.map) or None
    record = training_record(options.files, words, mapping)
    for unread in record["unreadable"]:
        print(f"model-clinic: {unread['file']}: {unread['why']}", file=sys.stderr)
    if options.json:
        _emit(options.json, _dump(record))
    else:
        sys.stdout.write(training_text(record, words))
    return _failed(options.fail_on, severities(record))


def _search(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.clinic.search.record import run_search, summary

    record = run_search(options, words, _progress, _write_text)
    if options.json:
        _emit(options.json, _dump(record))
    else:
        sys.stdout.write(summary(record, words))
    return _failed(options.fail_on, [finding["severity"] for finding in record["findings"]])


def _search_worker(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.clinic.search.record import run_worker

    print(run_worker(options, words))
    return DONE


def _watch(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.watch.command import run_watch

    return FOUND if run_watch(options, words, _emit) else DONE


def _retrain(options: argparse.Namespace, words: Words) -> int:
    from diagnostics.watch.again_record import run_retrain

    due = run_retrain(options, words, _progress, _emit)
    return _failed(options.fail_on, [Severity.WARNING] if due else [])


def _dump(record: Any) -> str:
    return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _emit(where: str, text: str) -> None:
    if where == "-":
        sys.stdout.write(text)
    else:
        _write_text(Path(where), text)


def _write_text(file: Path, text: str) -> None:
    _write(file, text.encode())


def _write(file: Path, content: bytes) -> None:
    """All or nothing: the file is complete, or as it was before."""
    if file.exists() and not file.is_file():
        # A device or a pipe takes what is written into it; a file put in its place would take the device away from everybody.
        file.write_bytes(content)
        return
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def _progress(share: float, what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{share:4.0%} {what:30.30}", end="" if what else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
