"""Every message that the program can say, and the catalogues brought up to date with them.

``python -m diagnostics.locale.messages`` (`make messages`) adds what is new and drops what is no longer said. To add a language,
name it once: ``python -m diagnostics.locale.messages fr_FR`` makes an empty catalogue, and the switch, the browser's choice and
``--language fr`` know it from then on.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from diagnostics.nouns.words import LOCALE_FOLDER, PLACE

ROOT: Final = Path(__file__).parent.parent.parent
SOURCES: Final = ("app.py", "pages", "diagnostics")
MARK: Final = "N_"
WIDTH: Final = 120


def messages() -> dict[str, tuple[str, ...]]:
    """Message ids in the order of their files, each with the files that hold it."""
    found: dict[str, list[str]] = {}
    for message, file in _said():
        places = found.setdefault(message, [])
        if file not in places:
            places.append(file)
    return {message: tuple(places) for message, places in found.items()}


def _said() -> Iterator[tuple[str, str]]:
    for source in SOURCES:
        place = ROOT / source
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            # Parsed, as Babel's own extractor does not see what stands inside an f-string.
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == MARK and node.args:
                    said = node.args[0]
                    if isinstance(said, ast.Constant) and isinstance(said.value, str) and said.value:
                        yield said.value, file.relative_to(ROOT).as_posix()
    # The start page shows what a sample is about.
    for file in sorted((ROOT / "sample_data").glob("*/*.yaml")):
        held = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key in ("title", "about"):
            if isinstance(held, dict) and held.get(key):
                yield str(held[key]), file.relative_to(ROOT).as_posix()


def updated(known: Mapping[str, str], locale: str) -> bytes:
    """The catalogue of `locale` with all messages; those without a translation are empty, those no longer said are gone."""
    catalog = Catalog(locale=locale, project="Model Clinic", charset="utf-8", fuzzy=False)
    for message, places in messages().items():
        catalog.add(message, known.get(message, ""), locations=[(place, None) for place in places])
    # What write_po would stamp with the time of day: the same messages give the same bytes.
    sink = io.BytesIO()
    write_po(sink, catalog, width=WIDTH, omit_header=True, include_lineno=False)
    header = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {locale}\\n"\n'
    return header.encode() + b"\n" + sink.getvalue()


def known(file: Path, locale: str) -> dict[str, str]:
    """The translations in `file`; empty when there is none yet."""
    if not file.is_file():
        return {}
    with file.open("rb") as content:
        return {str(m.id): str(m.string) for m in read_po(content, locale=locale) if m.id and m.string}


def main(locales: Sequence[str]) -> int:
    for locale in locales or sorted(place.parent.parent.name for place in LOCALE_FOLDER.glob(f"*/{PLACE}")):
        file = LOCALE_FOLDER / locale / PLACE
        before = known(file, locale)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(updated(before, locale))
        missing = [message for message in messages() if message not in before]
        print(f"{locale}: {len(missing)} of {len(messages())} messages have no translation")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
