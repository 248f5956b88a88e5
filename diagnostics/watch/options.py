"""What can be said to `watch` on the command line; apart from the command itself, which takes a while to load."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from diagnostics.nouns.words import N_, Words

FORMATS: Final = ("text", "json", "junit", "github")


def watch_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    parser.add_argument("settings", type=Path, metavar="WATCH.yaml", help=words(N_("what is watched, and who is told")))
    parser.add_argument("--once", action="store_true", help=words(N_("look once and end, for cron and pipelines")))
    parser.add_argument("--push", type=Path, metavar="FILE", help=words(N_("hand over one batch, then look once")))
    parser.add_argument("--format", choices=FORMATS, default="text", help=words(N_("how the state is printed after --once")))
    parser.add_argument("--prometheus", metavar="FILE|-", help=words(N_("write metrics in Prometheus' text format")))
    parser.add_argument(
        "--fail-on", choices=["warning", "critical"], help=words(N_("exit with 1 while an alert is open (with --once)"))
    )
