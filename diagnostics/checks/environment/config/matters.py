"""What a setting is about, told by its name: what shapes the answers comes before addresses and log levels."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Matter(StrEnum):
    """In the order of how directly a setting shapes what is answered."""

    THRESHOLD = "threshold"
    FEATURES = "features"
    SCALING = "preprocessing"
    MODEL = "model"
    CLASSES = "classes"
    SEED = "seed"
    DATA = "data"
    SERVING = "serving"
    OTHER = "other"


DECISIVE: Final = frozenset((Matter.THRESHOLD, Matter.FEATURES, Matter.SCALING, Matter.MODEL, Matter.CLASSES))
WORTH_TELLING: Final = DECISIVE | {Matter.SEED, Matter.DATA}
ORDER: Final = tuple(Matter)

_PATTERNS: Final = (
    (
        Matter.MODEL,
        r"(?:model|checkpoint|weights|artifact|estimator|pipeline)_?(?:path|uri|url|version|name|id|file|dir|hash|registry|tag|stage)",
    ),
    (
        Matter.SERVING,
        r"(?:^|_)log(?:s|ger|gers|ging|_?level|_?file|_?format|_?path|_?dir)?$|debug|verbos|(?:^|_)port$|host|(?:^|_)ur[il]$|endpoint"
        r"|address|^bind$|title|description|owner|email|comment|colou?r|dashboard|namespace|region|replica|auto_?scal|bucket|user(?:name)?$"
        r"|passw|secret|token$|credential|api_?key",
    ),
    (Matter.THRESHOLD, r"threshold|cut_?off|operating_?point|min_?(?:score|confidence|proba)|decision"),
    (
        Matter.SCALING,
        r"scal(?:e|er|ers|ing)s?(?:$|_)|normali[sz]|standardi[sz]|(?:^|_)(?:mean|std|means|stds|scales)$|(?:^|_)units?(?:$|_)|imput"
        r"|fill_?(?:value|na|with)|default_?value|clip|encod|tokeni[sz]|prepro|transform|time_?zone|(?:^|_)tz$|decimal|currency|(?:^|_)bins?$",
    ),
    (Matter.FEATURES, r"feature|column|(?:^|_)inputs?(?:$|_)|vocab|embedding|window|(?:^|_)lags?(?:$|_)|max_?len|sequence_?len"),
    (Matter.SEED, r"seed|random_?state|determinis"),
    (Matter.CLASSES, r"class|(?:^|_)labels?(?:$|_)|(?:^|_)target(?:$|_)|positive|(?:^|_)mapping"),
    (
        Matter.MODEL,
        r"model|checkpoint|weights|artifact|estimator|calibrat|(?:^|_)alpha$|lambda|depth|layers|temperature|learning_?rate|hyper|param",
    ),
    (Matter.DATA, r"data(?:$|_|set|base)|(?:^|_)table|query|source|split|sampl|(?:^|_)dates?(?:$|_)|locale"),
    (Matter.SERVING, r"timeout|worker|batch|thread|memory|(?:^|_)[cg]pus?(?:$|_)|cache|retr(?:y|ies)|pool|queue|limit"),
)
_COMPILED: Final = tuple((matter, re.compile(pattern, re.IGNORECASE)) for matter, pattern in _PATTERNS)


def matter_of(path: str) -> Matter:
    """By the setting's own name first, then by the names above it; a server's threshold is a threshold all the same."""
    parts = [_snake(part) for part in re.split(r"[.\[\]]", path) if part]
    for position, part in enumerate(reversed(parts)):
        for matter, pattern in _COMPILED:
            if pattern.search(part) and (position == 0 or matter is not Matter.SERVING):
                return matter
    return Matter.OTHER


def _snake(name: str) -> str:
    """The forms modelPath, MODEL_PATH and model-path as model_path."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(" ", "_").lower()
