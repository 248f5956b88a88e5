"""Drain: templates of log messages, learnt in one pass with a tree of fixed depth.

He, Zhu, Zheng, Lyu 2017, doi:10.1109/ICWS.2017.13. A message goes down by its number of words, then by its first words; in the
leaf it joins the template that shares most words with it, if those are enough, else it founds one. Three things are added here:
varying words do not use up the depth of the tree; what one message may cost is bounded, so that a log made to defeat the tree
is read in linear time; and words that differ tell templates apart until they take so many values that they must be variable
("VM Started", "VM Paused"; but one template for all users).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from operator import eq
from typing import Final

from diagnostics.checks.operations.reading.mask import ANY

DEPTH: Final = 2
"""First constant words that lead down the tree; He et al.'s depth of 4 counts the root and the length as well."""

LOOK: Final = 4
"""Among how many first words the constant ones are sought: many messages begin with an address or a number."""

SIMILAR_AT: Final = 0.5
"""Share of equal words from which a message belongs to a template; He et al. use 0.3 to 0.5, drain3 0.4."""

MANY: Final = 8
"""Values of one word, all else equal, from which it is variable: states and verbs of one message are fewer, names are more."""

STRICT_CAP: Final = 30
"""Templates of a leaf up to which a differing word keeps a message apart; in a leaf of free text only likeness helps."""

CHILDREN_CAP: Final = 100
LEAF_CAP: Final = 50
LATE_LEAF_CAP: Final = 4
COMPARED_CAP: Final = 1_500_000
"""Comparisons of a message with a template after which a leaf shows only its first few templates."""

SIBLINGS_CAP: Final = 100_000
LEFT_OUT: Final = "\0"
TEMPLATES_CAP: Final = 5_000
CACHE_CAP: Final = 50_000


@dataclass
class Template:
    """One template: its number in order of appearance from 1, and its words, with <*> for what varies."""

    id: int
    words: tuple[str, ...]
    constants: int = 0
    into: Template | None = None
    """The template that took this one in, None while it stands for itself."""

    count: int = 0

    def become(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.constants = sum(ANY not in word for word in words)

    @property
    def survivor(self) -> Template:
        found = self
        while found.into is not None:
            found = found.into
        return found

    @property
    def text(self) -> str:
        return " ".join(self.words)


_LETTERS: Final = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=100_000)
def _skeleton(word: str) -> str:
    """The letters of a word, without what varies in it."""
    return "".join(_LETTERS.findall(word.replace(ANY, "")))


def _same_variable(one: str, other: str) -> bool:
    """Whether both words are names with a number (rdd_<*>), or the same key of which one has a value that varies (rhost=<*>)."""
    if f"_{ANY}" in one and f"_{ANY}" in other:
        return True
    key, equals, value = one.partition("=")
    another, _, mine = other.partition("=")
    return bool(equals) and key == another and ANY in (value, mine)


def apart(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether two messages of the same length differ in a word of letters, and not only in what varies."""
    for one, other in zip(left, right, strict=True):
        if one != other and one != ANY and other != ANY:
            if _same_variable(one, other):
                continue
            bones, others = _skeleton(one), _skeleton(other)
            if bones != others and len(bones) > 1 and len(others) > 1:
                return True
    return False


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    leaf: list[Template] = field(default_factory=list)


@dataclass
class Drain:
    """Feed it the masked words of each message; it answers with the template."""

    similar_at: float = SIMILAR_AT
    templates: list[Template] = field(default_factory=list)
    roots: dict[int, _Node] = field(default_factory=dict)
    seen: dict[tuple[str, ...], Template] = field(default_factory=dict)
    compared: int = 0
    siblings: dict[tuple[str, ...], list[Template]] = field(default_factory=dict)
    """Templates that are equal but for one word, by their words with that one left out."""

    def add(self, words: tuple[str, ...]) -> Template:
        template = self.seen.get(words)
        if template is not None and template.into is not None:
            template = template.survivor
        if template is None:
            template = self._place(words)
            if len(self.seen) >= CACHE_CAP:
                self.seen.clear()
            self.seen[words] = template
        template.count += 1
        return template

    def close(self) -> None:
        """Takes together what only the end of the log shows: several templates, equal but for one word, that came once each."""
        for key in list(self.siblings):
            alike = self._standing(key)
            if len(alike) >= 3 and sum(t.count for t in alike) < 2 * len(alike):
                self._join(key, alike)

    def _standing(self, key: tuple[str, ...]) -> list[Template]:
        """The templates of `key` that still stand for themselves, each once."""
        return list({t.id: t for t in (one.survivor for one in self.siblings.get(key, [])) if len(t.words) == len(key)}.values())

    def _beside(self, template: Template, leaf: list[Template]) -> None:
        """Notes with whom a new template shares all words but one, and takes them together when they are many."""
        if len(self.siblings) > SIBLINGS_CAP:
            self.siblings.clear()
        words = template.words
        constants = sum(word != ANY for word in words)
        for position, word in enumerate(words):
            # A message of nothing but one word is that word.
            if word == ANY or constants < 2:
                continue
            key = (*words[:position], LEFT_OUT, *words[position + 1 :])
            known = self.siblings.setdefault(key, [])
            known.append(template)
            if len(known) >= MANY:
                alike = self._standing(key)
                if len(alike) >= MANY:
                    self._join(key, alike, leaf)
                    return

    def _widen(self, template: Template, words: tuple[str, ...], leaf: list[Template]) -> None:
        """`template` becomes `words`; templates that differ from it only where it now varies are taken in."""
        opened = [i for i, (old, new) in enumerate(zip(template.words, words, strict=True)) if old != new]
        template.become(words)
        if len(opened) == 1:
            key = (*words[: opened[0]], LEFT_OUT, *words[opened[0] + 1 :])
            alike = self._standing(key)
            if len(alike) > 1:
                self._join(key, alike if template in alike else [template, *alike], leaf)

    def _join(self, key: tuple[str, ...], alike: list[Template], leaf: list[Template] | None = None) -> None:
        first = min(alike, key=lambda t: t.id)
        first.become(tuple(ANY if word == LEFT_OUT else word for word in key))
        for other in alike:
            if other is not first:
                other.into = first
                first.count += other.count
        if leaf is not None:
            leaf[:] = [t for t in leaf if t.into is None]

    def _place(self, words: tuple[str, ...]) -> Template:
        node = self.roots.setdefault(len(words), _Node())
        constant = 0
        for word in words[:LOOK]:
            if ANY in word:
                node = self._child(node, ANY)
                continue
            node = self._child(node, word)
            constant += 1
            if constant == DEPTH:
                break
        template, equal = self._nearest(node.leaf, words)
        full = len(node.leaf) >= LEAF_CAP or len(self.templates) >= TEMPLATES_CAP
        strict = len(node.leaf) < STRICT_CAP and not full
        alike = template is not None and equal >= self.similar_at * len(words)
        if alike and strict and template is not None and apart(template.words, words):
            # The nearest by count may differ in a word where another differs in a number only.
            template = next((t for t in node.leaf if not apart(t.words, words)), None)
            alike = template is not None
            equal = -1
        if template is not None and (alike or full):
            if equal < len(words):
                merged = tuple([left if left == right else ANY for left, right in zip(template.words, words, strict=True)])
                if merged != template.words:
                    self._widen(template, merged, node.leaf)
            return template
        template = Template(len(self.templates) + 1, words)
        template.become(words)
        # Past the cap an empty leaf still needs one template of its own; the number of leaves is bounded by the tree.
        self.templates.append(template)
        node.leaf.append(template)
        self._beside(template, node.leaf)
        return template.survivor

    def _child(self, node: _Node, word: str) -> _Node:
        child = node.children.get(word)
        if child is None:
            if len(node.children) >= CHILDREN_CAP - 1 or len(self.templates) >= TEMPLATES_CAP:
                word = ANY
            child = node.children.setdefault(word, _Node())
        return child

    def _nearest(self, leaf: list[Template], words: tuple[str, ...]) -> tuple[Template | None, int]:
        """The template with most equal words; of equals the one with more of them constant, then the older."""
        best, most = None, -1
        if self.compared > COMPARED_CAP:
            leaf = leaf[:LATE_LEAF_CAP]
        self.compared += len(leaf)
        for template in leaf:
            equal = sum(map(eq, template.words, words))
            if equal > most or (equal == most and best is not None and template.constants > best.constants):
                best, most = template, equal
        return best, most
