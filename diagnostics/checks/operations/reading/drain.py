"""Drain: templates of log messages, learnt in one pass with a tree of fixed depth.

He, Zhu, Zheng, Lyu 2017, doi:10.1109/ICWS.2017.13. A message goes down by its number of words, then by its first words; in the
leaf it joins the template that shares most words with it, if those are enough, else it founds one. Two things are added here:
varying words do not use up the depth of the tree, and what one message may cost is bounded, so that a log made to defeat the tree
is read in linear time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import eq
from typing import Final

from diagnostics.checks.operations.reading.mask import ANY

DEPTH: Final = 2
"""First constant words that lead down the tree; He et al.'s depth of 4 counts the root and the length as well."""

LOOK: Final = 4
"""Among how many first words the constant ones are sought: many messages begin with an address or a number."""

SIMILAR_AT: Final = 0.5
"""Share of equal words from which a message belongs to a template; He et al. use 0.3 to 0.5, drain3 0.4."""

CHILDREN_CAP: Final = 100
LEAF_CAP: Final = 50
LATE_LEAF_CAP: Final = 4
COMPARED_CAP: Final = 1_500_000
"""Comparisons of a message with a template after which a leaf shows only its first few templates."""

TEMPLATES_CAP: Final = 5_000
CACHE_CAP: Final = 50_000


@dataclass
class Template:
    """One template: its number in order of appearance from 1, and its words, with <*> for what varies."""

    id: int
    words: tuple[str, ...]
    constants: int = 0

    def become(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.constants = sum(ANY not in word for word in words)

    @property
    def text(self) -> str:
        return " ".join(self.words)


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

    def add(self, words: tuple[str, ...]) -> Template:
        template = self.seen.get(words)
        if template is None:
            template = self._place(words)
            if len(self.seen) >= CACHE_CAP:
                self.seen.clear()
            self.seen[words] = template
        return template

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
        if template is not None and (equal >= self.similar_at * len(words) or full):
            if equal < len(words):
                merged = tuple([left if left == right else ANY for left, right in zip(template.words, words, strict=True)])
                if merged != template.words:
                    template.become(merged)
            return template
        template = Template(len(self.templates) + 1, words)
        template.become(words)
        # Past the cap an empty leaf still needs one template of its own; the number of leaves is bounded by the tree.
        self.templates.append(template)
        node.leaf.append(template)
        return template

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
