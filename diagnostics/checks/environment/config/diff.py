"""What differs between two configurations, as DeepDiff tells it: values, types, entries that came, went or moved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from diagnostics.checks.environment.config.matters import DECISIVE, Matter, matter_of
from diagnostics.checks.environment.config.settings import Settings
from diagnostics.checks.environment.config.tree import (
    ORDER,
    Tree,
    is_leaf,
    is_row,
    leaves,
    meant,
    path_of,
    text_of,
    without_types,
)
from diagnostics.nouns.secrets import masked

if TYPE_CHECKING:
    from deepdiff import DeepDiff

SHOWN_ITEMS: Final = 8

PAIRED_ITEMS: Final = 30
PAIRED_LEAVES: Final = 300
PAIRED_LISTS: Final = 10
"""A list of unnamed tables is compared whatever its order up to these sizes: its pairs cost the product of both sides."""

_EMPTY: Final[tuple[Tree, ...]] = ("", [], {})


@dataclass(frozen=True, kw_only=True)
class Change:
    """One setting that differs."""

    path: str
    reference: str
    """Its value; an empty text where this side lacks it, secrets masked."""

    current: str
    """The same for the other side."""

    missing: str
    """The side that lacks it, or ""."""

    decisive: bool
    """Whether it shapes the predictions, as its name says."""

    matter: Matter = Matter.OTHER
    added: tuple[str, ...] = ()
    """Entries that a list gained."""

    removed: tuple[str, ...] = ()
    """Entries that it lost."""

    moved: bool = False
    """The same entries in another order."""

    quoted: str = ""
    """The side that reads as text what the other reads as a number or a switch, or ""."""

    secret: bool = False
    """A part of it is masked, so that both sides may look alike."""


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
        for level in _levels(_diff(left, right, custom_operators=[_AsOne()], zip_ordered_iterables=True)):
            step, here = level.all_up, path
            while step.down is not None:
                step, here = step.down, here + _place(step)
            if step.up is not None and _place(step.up) == ORDER:
                yield from _order(here.removesuffix(ORDER), step.t1, step.t2)
            else:
                yield from self._change(here, _present(step.t1), _present(step.t2))

    def _change(self, path: str, left: Tree | None, right: Tree | None) -> Iterator[Change]:
        if left is None or right is None or (not (is_leaf(left) and is_leaf(right)) and (left in _EMPTY or right in _EMPTY)):
            for lacks, tree in (("current", left), ("reference", right)):
                for name, value in leaves(tree, path) if tree is not None and tree not in _EMPTY else ():
                    yield _made(name, *((value, None) if lacks == "current" else (None, value)), missing=lacks)
        elif isinstance(left, list) and isinstance(right, list):
            yield from _row(path_of(path), left, right) if is_row(left) and is_row(right) else self._tables(path, left, right)
        elif isinstance(left, str | int | float) and isinstance(right, str | int | float):
            if meant(left) != meant(right):
                yield _made(path_of(path), left, right)
            elif isinstance(left, str) != isinstance(right, str):
                yield _made(path_of(path), left, right, quoted="reference" if isinstance(left, str) else "current")
        elif path:
            yield _made(path_of(path), left, right)
        else:
            yield from self._change(path, left, None)
            yield from self._change(path, None, right)

    def _tables(self, path: str, left: list[Tree], right: list[Tree]) -> Iterator[Change]:
        """Changes of two lists of unnamed tables: entries that are nearly alike are one entry that changed."""
        self.paired += 1
        if self.paired > PAIRED_LISTS:
            yield _made(path_of(path), left, right)
            return
        diff = _diff(left, right, ignore_order=True, report_repetition=True, cache_size=500)
        pairs: dict[tuple[str, bool], tuple[Tree | None, Tree | None]] = {}
        for level in _levels(diff):
            entry = level.all_up.down
            pairs[_place(level.all_up), _present(entry.t1) is None] = _present(entry.t1), _present(entry.t2)
        within = [
            c for (place, _), (a, b) in pairs.items() if a is not None and b is not None for c in self.below(a, b, path + place)
        ]
        removed = [one for one, other in pairs.values() if one is not None and other is None]
        added = [one for other, one in pairs.values() if one is not None and other is None]
        yield from within
        if added or removed or not within:
            moved = not added and not removed and len(left) == len(right)
            yield _made(path_of(path), left, right, added=added, removed=removed, moved=moved)


def _diff(left: Tree, right: Tree, **how: Any) -> DeepDiff:
    # Loading it takes a third of a second, and most incidents bring no configuration.
    from deepdiff import DeepDiff

    return DeepDiff(
        left,
        right,
        view="tree",
        ignore_nan_inequality=True,
        # Names with two low lines in front are settings as well; tables with little in common are still told by their entries.
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
        **how,
    )


def _levels(diff: DeepDiff) -> Iterator[Any]:
    return (level for kind in diff.tree.values() for level in kind)


def _place(step: Any) -> str:
    """The part of the path between one step and the next below it."""
    place = (step.t1_child_rel or step.t2_child_rel).param
    return place if isinstance(place, str) else f"[{place}]"


def _present(value: Any) -> Tree | None:
    from deepdiff.helper import notpresent

    return None if value is notpresent else value


class _AsOne:
    """Has DeepDiff report two lists as one difference: rows of values, and lists of tables that are short enough to be paired.

    An operator in the sense of DeepDiff; its base class would have to be loaded first.
    """

    def match(self, level: Any) -> bool:
        left, right = level.t1, level.t2
        if not isinstance(left, list) or not isinstance(right, list):
            return False
        return (is_row(left) and is_row(right)) or all(
            len(side) <= PAIRED_ITEMS and sum(1 for _ in islice(leaves(side, ""), PAIRED_LEAVES + 1)) <= PAIRED_LEAVES
            for side in (left, right)
        )

    def give_up_diffing(self, level: Any, diff_instance: Any) -> bool:
        # In Python 1 equals True, and what is no number does not equal itself.
        if json.dumps(level.t1, sort_keys=True) != json.dumps(level.t2, sort_keys=True):
            diff_instance.custom_report_result("told_as_one", level, {})
        return True


def _order(path: str, left: list[str], right: list[str]) -> Iterator[Change]:
    """Named things in another order; those that came or went are told by their own paths."""
    if [name for name in left if name in set(right)] != [name for name in right if name in set(left)]:
        yield _made(path_of(path), left, right, moved=True)


def _row(path: str, left: list[Any], right: list[Any]) -> Iterator[Change]:
    added, removed = _surplus(right, left), _surplus(left, right)
    if added or removed:
        yield _made(path, left, right, added=added, removed=removed)
    elif list(map(meant, left)) != list(map(meant, right)):
        yield _made(path, left, right, moved=True)
    elif [isinstance(item, str) for item in left] != [isinstance(item, str) for item in right]:
        yield _made(path, left, right, quoted="current" if any(isinstance(item, str) for item in right) else "reference")


def _surplus(items: list[Any], others: list[Any]) -> list[Any]:
    """Entries that `others` lacks, counted: of three equal ones beside two, one."""
    rest = Counter(map(meant, others))
    found = []
    for item in items:
        if rest[meant(item)]:
            rest[meant(item)] -= 1
        else:
            found.append(item)
    return found


def _made(
    path: str,
    left: Tree | None,
    right: Tree | None,
    *,
    missing: str = "",
    added: Sequence[Tree] = (),
    removed: Sequence[Tree] = (),
    moved: bool = False,
    quoted: str = "",
) -> Change:
    reference, current = ("" if side is None else _shown(side, path) for side in (left, right))
    secret = any(_secret(side, path) for side in (left, right) if side is not None)
    more = list(dict.fromkeys(_shown(item, path) for item in added))
    fewer = list(dict.fromkeys(_shown(item, path) for item in removed))
    if secret:
        # Two secrets look alike: none of them came or went as far as can be shown.
        more, fewer = [item for item in more if item not in fewer], [item for item in fewer if item not in more]
    matter = matter_of(path)
    decisive = matter in DECISIVE
    hidden = moved and not secret
    return Change(
        path=path,
        reference=reference,
        current=current,
        missing=missing,
        decisive=decisive,
        matter=matter,
        added=tuple(more),
        removed=tuple(fewer),
        moved=hidden,
        quoted=quoted,
        secret=secret,
    )


def _secret(tree: Tree, path: str) -> bool:
    """Whether a part of it is masked."""
    for name, leaf in leaves(tree, path):
        texts = map(text_of, leaf if isinstance(leaf, list) else [leaf])
        if any(masked(name, text) != text for text in texts):
            return True
    return False


def _shown(value: Tree, path: str) -> str:
    """A value, a row in brackets, or what a table begins with in braces; secrets masked."""
    if isinstance(value, str | int | float):
        return masked(path, text_of(value))
    if isinstance(value, list) and is_row(value):
        items = [masked(path, text_of(item)) for item in value[:SHOWN_ITEMS]]
        return "[" + ", ".join(items) + (", …" if len(value) > SHOWN_ITEMS else "") + "]"
    below = list(islice(leaves(value, path), SHOWN_ITEMS + 1))
    items = [f"{name.removeprefix(path).lstrip('.')}: {_shown(leaf, name)}" for name, leaf in below[:SHOWN_ITEMS]]
    return "{" + ", ".join(items) + (", …" if len(below) > SHOWN_ITEMS else "") + "}"
