"""Which level became which: by its name, by its share, or by a permutation of the shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diagnostics.checks.inputs.names import compare_names, plain

MATCHED = 40
"""Levels that are matched by their shares; beyond, shares of neighbours are too close to tell levels apart."""

WHOLE = 0.9
"""Share of the rows with a new name from which on a long list of names was replaced as a whole."""


@dataclass(frozen=True)
class Recoding:
    """pairs: (reference level, current level). how: "spelling", "shares" or "permuted". share: of the rows since the change
    that carry a new name, 0 to 1. whole: hardly a row still carries the old name.
    """

    pairs: tuple[tuple[str, str], ...]
    how: str
    share: float
    whole: bool


Shares = Mapping[str, float]


def by_spelling(reference: Shares, current: Shares) -> Recoding | None:
    """New levels whose letters and digits are those of a level of the reference."""
    by_letters: dict[str, str] = {}
    for level in sorted(reference, key=lambda name: (reference[name], name)):
        by_letters[plain(level) or level.strip()] = level
    pairs = [
        (by_letters[key], new) for new in current if new not in reference and (key := plain(new) or new.strip()) in by_letters
    ]
    if not pairs:
        return None
    share = sum(current[new] for _, new in pairs)
    still = sum(current.get(old, 0.0) for old in {old for old, _ in pairs})
    return Recoding(tuple(sorted(pairs)), "spelling", share, still <= 0.1 * share)


def by_shares(reference: Shares, current: Shares, n: int, m: int) -> Recoding | None:
    """New levels that hold the shares of levels which vanished, or of all levels in a part of the rows.

    n, m: rows behind the shares. Two shares agree when they differ by at most 3 points and chance (4 standard errors).
    """
    new = {level: share for level, share in current.items() if level not in reference and share >= 0.002}
    total = sum(new.values())
    if len(new) > MATCHED:
        return _whole_vocabulary(reference, new, total, n, m)
    if not new or total < 0.01:
        return None
    gone = {v: p for v, p in reference.items() if p >= 0.002 and current.get(v, 0.0) <= 0.1 * p}
    # A few rare levels that come on one side only are what two halves of one table show.
    clear = _clear(gone, m) and _clear(new, n)
    pairs = _assign(gone, new, n, m) if clear else None
    if pairs is not None:
        return Recoding(pairs, "shares", total, True)
    stayed = {v: current.get(v, 0.0) / (1 - total) for v in reference} if total < 0.98 else {}
    common = {v: p for v, p in reference.items() if p >= 0.01}
    if stayed and 2 <= len(common) <= len(new) and total >= 0.03 and total * m >= 100:
        drifted = sum(abs(stayed[v] - p) for v, p in reference.items()) / 2
        if drifted <= 0.05 + 2 * float(np.sqrt(len(reference) / m)):
            scaled = {u: p / total for u, p in new.items() if p / total >= 0.01}
            pairs = _assign(common, scaled, n, int(m * total))
            if pairs is not None:
                return Recoding(pairs, "shares", total, False)
    return None


def _whole_vocabulary(reference: Shares, new: Shares, total: float, n: int, m: int) -> Recoding | None:
    """Many levels, hardly one of which still comes, and as many new ones with the same profile of shares: matched by their rank.

    Neighbours in rank may be mistaken for each other; that the names changed as a whole is certain all the same.
    """
    old = {v: p for v, p in reference.items() if p >= 0.002}
    if total < WHOLE or sum(old.values()) < 0.8:
        return None
    left, right = (sorted(side, key=lambda v: (-side[v], v)) for side in (old, new))
    size = min(len(left), len(right))
    p, q = np.array([old[v] for v in left[:size]]), np.array([new[v] for v in right[:size]])
    noise = np.sqrt(p / n + q / m).sum() / 2
    if np.abs(p - q).sum() / 2 > 0.05 + noise or size < 0.7 * max(len(left), len(right)):
        return None
    return Recoding(tuple(sorted(zip(left[:size], right[:size], strict=True))), "shares", total, True)


def _clear(shares: Shares, rows: int) -> bool:
    """Most of the shares belong to levels that chance would have shown on the other side, `rows` long, as well."""
    total = sum(shares.values())
    return total * rows >= 15 and sum(p for p in shares.values() if p * rows >= 6) >= 0.8 * total


def _assign(old: Shares, new: Shares, n: int, m: int) -> tuple[tuple[str, str], ...] | None:
    from scipy.optimize import linear_sum_assignment

    left, right = sorted(old), sorted(new)
    p = np.array([old[v] for v in left])[:, None]
    q = np.array([new[u] for u in right])[None, :]
    noise = np.sqrt(np.maximum(p, 1 / n) / n + np.maximum(q, 1 / m) / m)
    miss = np.abs(p - q) / (0.03 + 4 * noise)
    near = np.array([[compare_names(v, u) for u in right] for v in left])
    rows, columns = linear_sum_assignment(miss - 0.5 * near)
    for i, j in zip(rows, columns, strict=True):
        if miss[i, j] > 1 or abs(np.log(p[i, 0] / q[0, j])) > 0.7 + 8 * noise[i, j] / p[i, 0]:
            return None
    # All together they must agree better than each alone may miss.
    pairs = p[rows, 0], q[0, columns], noise[rows, columns]
    if np.abs(pairs[0] - pairs[1]).sum() / 2 > 0.03 + pairs[2].sum():
        return None
    # What finds no partner must be rare.
    if max(1 - p[rows, 0].sum() / p.sum(), 1 - q[0, columns].sum() / q.sum()) > 0.05 + 0.5 / np.sqrt(m):
        return None
    return tuple((left[i], right[j]) for i, j in zip(rows, columns, strict=True))


def by_permutation(reference: Shares, current: Shares, n: int, m: int) -> Recoding | None:
    """The same names over each other's shares: codes that were numbered anew."""
    levels = sorted(set(reference) | set(current))
    if not 2 <= len(levels) <= MATCHED or set(current) - set(reference):
        return None
    p = np.array([reference.get(v, 0.0) for v in levels])
    q = np.array([current.get(v, 0.0) for v in levels])
    noise = np.sqrt(np.maximum(p, 1 / n) / n + np.maximum(q, 1 / m) / m)
    order, other = np.argsort(-p, kind="stable"), np.argsort(-q, kind="stable")
    moved = np.abs(p - q).sum() / 2
    left = np.abs(p[order] - q[other]).sum() / 2
    if moved < max(0.15, 1.5 * float(noise.sum())) or left > 0.02 + float(noise.sum()) / 2 or left > 0.15 * moved:
        return None
    pairs = tuple((levels[i], levels[j]) for i, j in zip(order, other, strict=True) if i != j and p[i] >= 0.01)
    return Recoding(tuple(sorted(pairs)), "permuted", float(moved), True)
