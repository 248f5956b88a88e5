"""Causes in the data itself: one clear signature in a few columns, found by the input checks, and how each is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diagnostics.causes.cause import Family
from diagnostics.causes.genuine import genuine
from diagnostics.causes.hypothesis import Case, Hypothesis, Undo
from diagnostics.causes.scaler import lines
from diagnostics.measure import engine
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.table import Kind
from diagnostics.nouns.words import N_, Value

SWAPPED: Final = 0.8
"""Share of exchanged rows from which on all of them are exchanged back; of fewer nobody knows which."""

LINES: Final = 2
"""Columns that must go through a line of their own before a scaler is suspected."""

SCALER_REMEDY: Final = N_(
    "Ship the scaler that was fitted in training together with the model, and never fit it again on production rows."
)

STRAY: Final = 0.3
"""Strays are few: where more of the rows than this lie beyond a fence, something else moved them."""

FAMILIAR: Final = 0.003
"""Share of the reference's rows from which on a value is an ordinary one, not a sentinel."""


def propose(case: Case) -> Iterator[Hypothesis]:
    """One hypothesis per finding of the input checks that is a cause by itself."""
    for make in (_schema, _formats, _clocks, _swaps, _units, _fills, _categories, _values, _rows):
        yield from make(case)


def _from(
    finding: Finding,
    code: str,
    strength: float,
    *,
    undo: Undo | None = None,
    keep: NDArray[np.bool_] | None = None,
    also: Iterable[str] = (),
) -> Hypothesis:
    """A hypothesis in the finding's words. `keep`: current rows without the fault, where it can only be left out, not undone."""
    return Hypothesis(
        code,
        Family.DATA,
        strength,
        finding.says,
        finding.rule.remedy,
        dict(finding.evidence),
        finding.columns,
        finding.segment,
        finding.since,
        (finding.code, *also),
        undo=undo,
        keep=keep,
        leave_out=() if undo else finding.columns,
    )


def _schema(case: Case) -> Iterator[Hypothesis]:
    for finding in case.of("INP010", "INP012"):
        yield _from(finding, "schema_change", 0.95)
    for finding in case.of("INP014"):
        # A number in another notation is read as text: that is a change of format, and has its own finding.
        if not any(f.columns == finding.columns and _numeric(f) for f in case.of("INP020", "INP021", "INP022")):
            yield _from(finding, "schema_change", 0.9)
    for finding in case.of("INP011"):
        # A new column that the model does not read breaks nothing by itself.
        yield _from(finding, "schema_change", 0.3)


def _formats(case: Case) -> Iterator[Hypothesis]:
    for finding in case.of("INP020", "INP021", "INP022", "INP023"):
        name = finding.columns[0]
        undo = _read_again(case, name) if finding.code in ("INP020", "INP021") else None
        strength = 0.3 if not _numeric(finding) else 0.6 if finding.evidence.get("whole") else 0.93
        yield _from(finding, "format_change", strength, undo=undo)


def _numeric(finding: Finding) -> bool:
    """Whether the texts among the numbers are numbers in another dress; words are another type."""
    return any(character.isdigit() for example in _texts(finding, "examples") for character in example)


def _clocks(case: Case) -> Iterator[Hypothesis]:
    for finding in case.of("INP061", "INP062", "INP063"):
        yield _from(finding, "time_shift", 0.95)


def _swaps(case: Case) -> Iterator[Hypothesis]:
    for finding in case.of("INP044"):
        one, other = finding.columns
        whole = _number(finding, "share") >= SWAPPED or bool(finding.evidence.get("sharp"))
        yield _from(finding, "swapped_columns", 0.95, undo=_exchange(one, other) if whole else None)


def _exchange(one: str, other: str) -> Undo:
    return lambda frame: frame.assign(**{one: frame[other], other: frame[one]})


def columns_of(case: Case, *codes: str) -> set[str]:
    """Columns that these rules speak of: other signatures in them may be traces of the same fault."""
    return {name for finding in case.of(*codes) for name in finding.columns}


def _units(case: Case) -> Iterator[Hypothesis]:
    gathered = columns_of(case, "INP042")
    # "3,500" read as a number is a thousand times 3.5: a change of notation, not of the unit.
    filled = columns_of(case, "INP050", "INP060", "INP044", "INP020", "INP021")
    scaled = _scaler(case)
    if scaled is not None:
        gathered |= set(scaled.columns)
        yield scaled
    for finding in case.of("INP040", "INP041"):
        name = finding.columns[0]
        if name in gathered:
            continue
        ratio, offset = _number(finding, "ratio"), _number(finding, "offset")
        share = _number(finding, "share")
        if ratio <= 0 or name in filled:
            continue
        strength = 0.93 if finding.code == "INP040" else 0.8 if finding.evidence.get("sharp") else 0.5
        undo = _unscale({name: (ratio, offset)}) if share >= 0.999 else _unscale_some(case, name, ratio)
        yield _from(finding, "unit_change", strength, undo=undo)


def _scaler(case: Case) -> Hypothesis | None:
    """One scaler for many columns: those of the finding, and whatever else went through a line at the same time."""
    finding = next(iter(case.of("INP042")), None)
    dates = [f.since for f in case.of("INP041", "DRF001") if f.since]
    since = finding.since if finding else sorted(dates)[len(dates) // 2] if dates else None
    if finding is None and len(dates) < LINES:
        return None
    found, moved = lines(case, since)
    own = {round(float(np.log(line.ratio)), 1) for line in found}
    enough = len(found) >= LINES and len(found) >= 0.6 * moved and len(own) > 1
    if finding is None and not enough:
        return None
    known = {line.name: (line.ratio, line.offset) for line in found}
    if finding is not None:
        pairs = zip(_texts(finding, "ratios"), _texts(finding, "offsets"), strict=True)
        known |= {name: (float(r), float(o)) for name, (r, o) in zip(finding.columns, pairs, strict=True) if name not in known}
    names = tuple(name for name in (case.samples.numbers if case.samples else ()) if name in known)
    evidence: dict[str, Value] = {
        "columns": list(names),
        "count": len(names),
        "moved": moved,
        "ratios": [f"{known[name][0]:.6g}" for name in names],
        "offsets": [f"{known[name][1]:.6g}" for name in names],
    }
    return Hypothesis(
        "refit_scaler",
        Family.DATA,
        0.94 if finding else 0.85,
        N_("{count:count} number columns moved to other scales at once ({columns:list}), as if a scaler was fitted again."),
        SCALER_REMEDY,
        evidence,
        names,
        since=since,
        supports=("INP042",) if finding else ("INP041", "DRF001"),
        undo=_unscale(known),
    )


def _fills(case: Case) -> Iterator[Hypothesis]:
    stale = columns_of(case, "INP060", "INP065")
    for finding in case.of("INP050", "INP051"):
        name = finding.columns[0]
        if name in stale:
            continue
        faulty = partial(_equal, fill=finding.evidence["fill"])
        strength = 0.92 if finding.evidence.get("sharp") else 0.85
        if _number(finding, "before") > FAMILIAR and (alike := genuine(case, name, faulty, finding.since)) is not None:
            strength *= 1 - 0.9 * alike
        yield _from(finding, "default_fill", strength, keep=_current(case, name, faulty))
    for finding in case.of("INP001"):
        gone = _current(case, finding.columns[0], lambda values: values.isna().to_numpy())
        # A column that repeats its last value also repeats a gap.
        yield _from(finding, "missing_values", 0.4 if finding.columns[0] in stale else 0.92, keep=gone)
    knew = columns_of(case, "DRF090")
    for finding in case.of("INP060"):
        name = finding.columns[0]
        faulty = partial(_equal, fill=finding.evidence["fill"])
        strength = 0.92 if name not in knew else 0.4
        if (alike := genuine(case, name, faulty, finding.since)) is not None:
            strength *= 1 - 0.9 * alike
        yield _from(finding, "stale_feature", strength, keep=_current(case, name, faulty))
    for finding in case.of("INP065"):
        yield _from(finding, "stale_feature", 0.92, keep=_current(case, finding.columns[0], _repeats))


def _repeats(values: pd.Series) -> NDArray[np.bool_]:
    known = values.to_numpy()
    return np.concatenate([[False], known[1:] == known[:-1]])


def _categories(case: Case) -> Iterator[Hypothesis]:
    for finding in case.of("INP092", "INP093"):
        if "old" not in finding.evidence:
            continue  # Spelt in several ways in the reference too: nothing changed.
        back = dict(zip(_texts(finding, "new"), _texts(finding, "old"), strict=True))
        strength = 0.75 if finding.evidence.get("how") == "permuted" and not finding.evidence.get("sharp") else 0.93
        yield _from(finding, "recoded_categories", strength, undo=_rename(finding.columns[0], back))
    recoded = {name for finding in case.of("INP092", "INP093") for name in finding.columns}
    for finding in case.of("INP090"):
        if finding.columns[0] in recoded:
            continue
        levels = set(_texts(finding, "levels"))
        new = _current(case, finding.columns[0], partial(_among, levels=levels))
        yield _from(finding, "unseen_categories", 0.85, keep=new)


def _values(case: Case) -> Iterator[Hypothesis]:
    converted = columns_of(case, "INP040", "INP042", "INP044", "INP020", "INP021")
    coarse = columns_of(case, "INP070", "INP071")
    held = columns_of(case, "INP060", "INP065")
    for finding in case.of("INP030", "INP031"):
        name = finding.columns[0]
        # Where most rows lie beyond, these are no strays; a clock that runs on leaves its range by nature.
        if name in converted or _number(finding, "dense") > STRAY or _kind(case, name) is Kind.TIME:
            continue
        low, high = _number(finding, "low_fence"), _number(finding, "high_fence")
        yield _from(finding, "out_of_range", 0.8, keep=_current(case, name, partial(_outside, low=low, high=high)))
    for finding in case.of("INP002"):
        broken = _current(case, finding.columns[0], lambda values: ~np.isfinite(engine.seconds(values)))
        yield _from(finding, "out_of_range", 0.9, keep=broken)
    for finding in case.of("INP070", "INP071"):
        yield _from(finding, "precision_loss", 0.3 if finding.columns[0] in held else 0.88)
    for finding in case.of("INP080"):
        if finding.columns[0] not in converted:
            yield _from(finding, "clipped_values", 0.3 if finding.columns[0] in coarse | held else 0.88)


def _kind(case: Case, name: str) -> Kind | None:
    table = case.incident.reference
    return table[name].kind if table is not None and name in table else None


def _rows(case: Case) -> Iterator[Hypothesis]:
    """Rows that came to look alike because a column lost its precision or its values are no repeated rows."""
    dulled = bool(case.of("INP050", "INP051", "INP060", "INP065", "INP070", "INP071", "INP080"))
    for finding in case.of("INP100", "INP101"):
        exact = bool(finding.evidence.get("exact"))
        strength = 0.95 if exact else 0.3 if dulled else 0.8 if finding.code == "INP100" else 0.6
        yield _from(finding, "duplicated_rows", strength, keep=_first_of_each(case) if exact else None)


def _first_of_each(case: Case) -> NDArray[np.bool_] | None:
    if case.samples is None:
        return None
    identity = case.incident.roles.id
    rows = case.samples.current.drop(columns=[identity] if identity in case.samples.current else [])
    return np.asarray(~rows.duplicated().to_numpy(dtype=bool))


def _number(finding: Finding, key: str) -> float:
    value = finding.evidence[key]
    if not isinstance(value, int | float):
        raise TypeError(f"{finding.code} must give {key} as a number, got {value!r}")
    return float(value)


def _texts(finding: Finding, key: str) -> list[str]:
    value = finding.evidence[key]
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise TypeError(f"{finding.code} must give {key} as a list, got {value!r}")
    return [str(item) for item in value]


def _current(case: Case, name: str, faulty: Callable[[pd.Series], NDArray[np.bool_]]) -> NDArray[np.bool_] | None:
    """Which current rows are free of the fault, shape (m,); None where leaving the others out would leave too little."""
    if case.samples is None or name not in case.samples.current:
        return None
    good = ~faulty(case.samples.current[name])
    return good if good.sum() >= 30 else None


def _equal(values: pd.Series, fill: object) -> NDArray[np.bool_]:
    if values.dtype.kind in "Mf":
        if not isinstance(fill, int | float):
            return np.zeros(len(values), dtype=bool)
        return np.asarray(engine.seconds(values) == float(fill))
    return np.asarray((values == str(fill)).to_numpy(dtype=bool))


def _among(values: pd.Series, levels: set[str]) -> NDArray[np.bool_]:
    return np.asarray(values.isin(levels).to_numpy(dtype=bool))


def _outside(values: pd.Series, low: float, high: float) -> NDArray[np.bool_]:
    numbers = engine.seconds(values)
    return np.asarray((numbers < low) | (numbers > high))


def _unscale(lines: dict[str, tuple[float, float]]) -> Undo:
    def undo(frame: pd.DataFrame) -> pd.DataFrame:
        back = {name: (frame[name] - offset) / ratio for name, (ratio, offset) in lines.items() if name in frame and ratio}
        return frame.assign(**back)

    return undo


def _unscale_some(case: Case, name: str, ratio: float) -> Undo | None:
    """Divide only the rows that lie nearer to the reference's median after the division, on a log scale."""
    if case.samples is None or name not in case.samples.reference or ratio <= 0:
        return None
    sizes = np.abs(case.samples.reference[name].to_numpy("float64"))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not sizes.size:
        return None
    middle = float(np.median(np.log(sizes)))

    def undo(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[name].to_numpy("float64")
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.log(np.abs(values))
            scaled = np.abs(size - np.log(ratio) - middle) < np.abs(size - middle)
        return frame.assign(**{name: np.where(scaled, values / ratio, values)})

    return undo


def _rename(name: str, back: dict[str, str]) -> Undo:
    def undo(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: frame[name].map(lambda level: back.get(level, level), na_action="ignore")})

    return undo


def _read_again(case: Case, name: str) -> Undo | None:
    """Read the texts of a number column in whatever notation they are."""
    from diagnostics.checks.inputs.notation import by_level, classify, number

    incident = case.incident
    if incident.current is None or incident.current[name].kind is Kind.NUMBER:
        return None
    texts = engine.sample(incident.current, seed=incident.seed + 1)[name]

    def undo(frame: pd.DataFrame) -> pd.DataFrame:
        read = by_level(texts.loc[frame.index], lambda text: number(text, classify(text)))
        return frame.assign(**{name: pd.to_numeric(pd.Series(read, index=frame.index), errors="coerce").astype("float64")})

    return undo
