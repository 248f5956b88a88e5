"""What differs between two configurations, as DeepDiff tells it: values, types, entries that came, went or moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from deepdiff import DeepDiff
from deepdiff.helper import notpresent

from diagnostics.steps.environment.config_tree import ORDER, Tree, is_leaf, is_row, leaves, meant, path_of, text_of, without_types
from diagnostics.steps.environment.matters import DECISIVE, Matter, matter_of
from diagnostics.steps.environment.secrets import masked
from diagnostics.steps.environment.settings import Settings

SHOWN_ITEMS: Final = 8
SHOWN_CHARACTERS: Final = 300

PAIRED_ITEMS: Final = 30
PAIRED_LEAVES: Final = 600
PAIRED_LISTS: Final = 20
"""A list of unnamed tables is compared whatever its order up to these sizes: its pairs cost the product of both sides."""


@dataclass(frozen=True)
class Change:
    """One setting; an empty text where a side lacks it, secrets masked. decisive: it shapes the answers, as its name says.

    missing: the side that lacks it, or "". added, removed: entries of a list; moved: the same entries in another order.
    quoted: the side that reads as text what the other reads as a number or a switch, or "". secret: a part of it is masked, so
    that both sides may look alike.
    """

    path: str
    reference: str
    current: str
    missing: str
    decisive: bool
    matter: Matter = Matter.OTHER
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: bool = False
    quoted: str = ""
    secret: bool = False


def changes(before: Settings, after: Settings) -> list[Change]:
    """Every setting that differs, in the order of the paths."""
    left, right = before.tree, after.tree
    if not (before.typed and after.typed):
        left, right = without_types(left), without_types(right)
    return sorted(_Comparing().below(left, right, ""), key=lambda change: (change.path, change.missing))


class _Comparing:
    def __init__(self) -> None:
        self.paired = 0

    def below(self, left: Tree, right: Tree, path: str) -> Iterator[Change]:
        """Changes of two trees. Lists are held against each other entry by entry, unless they are told as one."""
        diff = DeepDiff(left, right, zip_ordered_iterables=True, **_ALWAYS)
        told = set()
        for level in (level for kind in diff.tree.values() for level in kind):
            step, here = level.all_up, path
            while step.down is not None and not _as_one(step.t1, step.t2):
                step, here = step.down, here + _fragment(step)
            if here not in told:
                told.add(here)
                yield from self._change(here, _present(step.t1), _present(step.t2))

    def _change(self, path: str, left: Tree | None, right: Tree | None) -> Iterator[Change]:
        if left is None or right is None:
            for name, text in leaves(right if left is None else left, path):
                yield _change(name, "" if left is None else text, text if left is None else "", missing=_lacks(left))
        elif is_row(left) and is_row(right):
            yield from _row(path, left, right)
        elif isinstance(left, list) and isinstance(right, list):
            yield from self._tables(path, left, right)
        elif is_leaf(left) and is_leaf(right):
            if meant_all(left) != meant_all(right):
                yield _change(path_of(path), _texts(left), _texts(right))
            elif type(left) is not type(right):
                yield _change(path_of(path), _texts(left), _texts(right), quoted=_quoted(left, right))
        elif path:
            yield _change(path_of(path), _drawn(left, path), _drawn(right, path))
        else:
            yield from self._change(path, left, None)
            yield from self._change(path, None, right)

    def _tables(self, path: str, left: list[Tree], right: list[Tree]) -> Iterator[Change]:
        """Changes of two lists of unnamed tables: entries that are nearly alike are one entry that changed."""
        self.paired += 1
        if self.paired > PAIRED_LISTS:
            yield _change(path_of(path), _drawn(left, path), _drawn(right, path))
            return
        diff = DeepDiff(left, right, ignore_order=True, report_repetition=True, cache_size=500, **_ALWAYS)
        pairs: dict[str, tuple[Tree | None, Tree | None]] = {}
        for level in (level for kind in diff.tree.values() for level in kind):
            root = level.all_up
            side = "added" if root.down.t1 is notpresent else ""
            pairs[side + _fragment(root)] = _present(root.down.t1), _present(root.down.t2)
        removed = [item for item, other in pairs.values() if item is not None and other is None]
        added = [item for other, item in pairs.values() if item is not None and other is None]
        within = [
            change for place, (a, b) in pairs.items() if a is not None and b is not None for change in self.below(a, b, path + place)
        ]
        yield from within
        if added or removed or not within:
            moved = not added and not removed and len(left) == len(right)
            yield _change(
                path_of(path),
                _drawn(left, path),
                _drawn(right, path),
                added=[_drawn(item, path) for item in added],
                removed=[_drawn(item, path) for item in removed],
                moved=moved,
            )
