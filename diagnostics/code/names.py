"""What a name in a script says of what it holds."""

from __future__ import annotations

import ast
import re
from typing import Final

from diagnostics.code.values import UNKNOWN, Class, Data, Rows, Value, side_of

TARGET_NAME: Final = re.compile(r"(?i)^(y|y_?\w{0,12}|target|targets|label|labels|\w{1,14}_(y|target|labels?))$")
NOT_TARGET: Final = re.compile(r"(?i)^(year\w*|y_?pred\w*|y_?hat\w*|y_?prob\w*|y_?score\w*)$")
DATA_NAME: Final = re.compile(
    r"(?i)^(x|y|df\d?|data\w{0,6}|dataset|dataframe|features?|frame|table|train\w{0,5}|test\w{0,5}|\w{1,20}_(df|data|x|y|train|test|val))"
    r"$|^(x|y|df|data|train|test|valid|val)_"
)
TARGETISH: Final = re.compile(
    r"(?i)^(target|class|label|species|diagnosis|outcome|survived|churn|y|attrition|sentiment|result|default)s?$"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_target_name(name: str) -> bool:
    return bool(TARGET_NAME.match(name)) and not NOT_TARGET.match(name)


def is_data_name(name: str) -> bool:
    return bool(DATA_NAME.search(name))


def guess_value(name: str, root: Rows) -> Value:
    """What a parameter or an unknown name holds, judged by its name alone."""
    side = side_of(name)
    if side:
        return Data(Rows(side, whole=root), target=is_target_name(name))
    if is_data_name(name):
        return Data(root, root=root, target=is_target_name(name))
    return UNKNOWN


def find_method(cls: Class, name: str) -> Function | None:
    return next((n for n in cls.node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name), None)
