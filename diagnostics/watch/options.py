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


def retrain_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    """What can be said to `retrain`."""
    parser.add_argument("folder", type=Path, metavar="INCIDENT", help=words(N_("an incident folder, or a .zip of one")))
    parser.add_argument("--family", choices=("boosting", "linear", "forest"), default="boosting", help=words(N_("the recipe")))
    parser.add_argument("--price", type=float, help=words(N_("what one unit of the loss costs, one wrong prediction say")))
    parser.add_argument("--seed", type=int, default=0, help=words(N_("seed of the samples (default 0)")))
