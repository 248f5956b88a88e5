"""The options of the commands `search` and `search-worker`: no more than names, as every command's help reads them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from diagnostics.nouns.words import N_, Words

METHODS: Final = ("grid", "random", "tpe")
VALIDATIONS: Final = ("auto", "time", "grouped", "stratified", "plain")


def search_arguments(search: argparse.ArgumentParser, worker: argparse.ArgumentParser, words: Words) -> None:
    search.add_argument("file", type=Path, help=words(N_("the table with the training rows")))
    for role in ("target", "timestamp", "id", "positive", "task"):
        search.add_argument(f"--{role}", required=role == "target", help=words(N_("{role} of the table"), role=role))
    search.add_argument("--family", default="boosting", help=words(N_("model family (default boosting)")))
    search.add_argument("--metric", default="", help=words(N_("metric; unless given, one that fits the target")))
    search.add_argument(
        "--search", nargs="*", choices=[str(m) for m in METHODS], default=["tpe"], help=words(N_("kind of search"))
    )
    search.add_argument("--trials", type=int, default=40, help=words(N_("trials to make in all (default 40)")))
    search.add_argument("--minutes", type=float, default=0.0, help=words(N_("minutes to search instead")))
    search.add_argument(
        "--validation", choices=[str(v) for v in VALIDATIONS], default="auto", help=words(N_("how folds are cut"))
    )
    search.add_argument("--folds", type=int, default=5, help=words(N_("number of folds (default 5)")))
    search.add_argument("--no-pruning", action="store_true", help=words(N_("finish hopeless trials too")))
    search.add_argument("--storage", metavar="URL", help=words(N_("where the study lasts: sqlite:///FILE or postgresql://…")))
    search.add_argument("--study", default="", metavar="NAME", help=words(N_("name of the study, to resume it later")))
    search.add_argument("--workers", type=int, default=2, help=words(N_("processes on this machine (default 2)")))
    search.add_argument("--pipeline", type=Path, metavar="FILE.py", help=words(N_("write the chosen Pipeline as Python")))
    search.add_argument("--seed", type=int, default=0, help=words(N_("seed of rows, folds and search (default 0)")))
    worker.add_argument("--storage", metavar="URL", help=words(N_("where the study is: sqlite:///FILE or postgresql://…")))
    worker.add_argument("--study", required=True, metavar="NAME", help=words(N_("name of the study")))
