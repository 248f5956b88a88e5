"""A language that nobody speaks: what is still in plain letters on a page did not come from the catalogue."""

from __future__ import annotations

import gettext
import json
import re
import string
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from diagnostics.nouns.words import DAY, MOMENT, Words

WIDE: Final = {ord(c): ord(c) + 0xFEE0 for c in string.ascii_letters}
HIDDEN: Final = re.compile(
    r"id|.*_id|url|.*_hash|query_string|key|type|icon|anchor|language|autocomplete|code_text|mime.*|color|config|theme|src|format|page"
    r"|query_param_key|styles|uuid|component_name|(js|css|html)_(content|source_path)|json"
)
PLOTLY: Final = {"text", "name", "ticktext", "title", "hovertext", "label"}


class Pseudo(gettext.NullTranslations):
    """Every message in wide letters (U+FF21 and on); its placeholders as they are."""

    def gettext(self, message: str) -> str:
        if message in (DAY, MOMENT):
            return "y-MM-dd"
        written = []
        for text, name, kind, _ in string.Formatter().parse(message):
            written.append(text.translate(WIDE).replace("{", "{{").replace("}", "}}"))
            if name is not None:
                written.append("{" + name + (f":{kind}" if kind else "") + "}")
        return "".join(written)


PSEUDO: Final = Words("en", Pseudo())


def texts(at: AppTest) -> Iterator[str]:
    """Everything on the page that a person may read."""
    for part in (at.main, at.sidebar):
        yield from _below(part)


def _below(block: Block) -> Iterator[str]:
    for child in block.children.values():
        proto = getattr(child, "proto", None)
        if isinstance(proto, Message):
            yield from _strings(proto)
        if isinstance(child, Block):
            yield from _below(child)


def _strings(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        if HIDDEN.fullmatch(field.name):
            continue
        if field.name == "spec":
            yield from _figure(json.loads(value))
            continue
        for item in value if field.is_repeated else [value]:
            if isinstance(item, Message):
                yield from _strings(item)
            elif isinstance(item, str):
                yield item


def _figure(part: Any, key: str = "") -> Iterator[str]:
    if isinstance(part, dict):
        for name, inner in part.items():
            if name != "template":
                yield from _figure(inner, name)
    elif isinstance(part, list):
        for inner in part:
            yield from _figure(inner, key)
    elif isinstance(part, str) and key in PLOTLY:
        yield part
