"""Leakage in code: do scripts and notebooks let the model see its test rows, its answer or the future?

The code is parsed and followed, never run: which rows does each name hold, what was learnt from them, and where are they split?
"""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from diagnostics.causes.catalogue import PREPROCESSING_LEAKAGE, TARGET_LEAKAGE, TRAIN_TEST_OVERLAP
from diagnostics.code import watch
from diagnostics.code.flow import Flow
from diagnostics.code.mend.proposal import Script
from diagnostics.code.names import is_target_name
from diagnostics.code.notebook import Code, read_code
from diagnostics.code.watch import Leak, Watch
from diagnostics.nouns.entry import Entry, Shown, Unit, internal, optional, shown
from diagnostics.nouns.finding import Finding
from diagnostics.nouns.incident import Incident
from diagnostics.nouns.refusal import BadInput, NotApplicable
from diagnostics.nouns.rule import Lane, Rule, Severity
from diagnostics.nouns.secrets import masked_text
from diagnostics.nouns.words import N_, Value

_SOURCE: Final = (
    "Yang, Brower-Sinning, Lewis, Kästner 2022, Data leakage in notebooks (ASE, arXiv 2209.03345); "
    "Kapoor, Narayanan 2023, Leakage and the reproducibility crisis in machine-learning-based science (Patterns)"
)
_HOW: Final = N_(
    "The code was followed from line to line without running it: which rows each name holds, and what was learnt from them."
)


@dataclass(frozen=True, kw_only=True)
class LeakingLine(Entry):
    """A line of the code at fault. Which of the first nine fields it has depends on its sentence."""

    name: str | None = shown(N_("What learns, or whose rows"), Unit.NAME, optional=True)
    other: str | None = shown(N_("The other rows"), Unit.NAME, optional=True)
    first: int | None = shown(N_("First shared row"), Unit.COUNT, optional=True)
    last: int | None = shown(N_("Last shared row"), Unit.COUNT, optional=True)
    feature: str | None = shown(N_("Feature"), Unit.NAME, optional=True)
    column: str | None = shown(N_("Target column"), Unit.NAME, optional=True)
    split: str | None = optional()
    loop: str | None = optional()
    fitted: str | None = optional()
    file: str = shown(N_("File"), Unit.NAME)
    at: str
    cell: int | None = shown(N_("Cell of the notebook"), Unit.COUNT)
    line: int = shown(N_("Line"), Unit.COUNT)
    code: str
    mended: str
    cause: str
    sentence: str = internal()


@dataclass(frozen=True, kw_only=True)
class UnreadFile(Entry):
    """A file that was not read, or not to its end. cap: what it may be at most."""

    file: str = shown(N_("File"), Unit.NAME)
    cap: int | None = shown(N_("Largest that can be read"), Unit.COUNT, optional=True)
    line: int | None = shown(N_("Line"), Unit.COUNT, optional=True)
    sentence: str = internal()


def _say(entry: LeakingLine | UnreadFile) -> str:
    return entry.sentence


FLATTERS: Final = {
    "hardly_below": Shown(N_("Weight of a leak, 0 to 1, below which it hardly moves a score"), Unit.NUMBER),
    "critical_at": Shown(N_("Weight of a leak, 0 to 1, that is called critical"), Unit.NUMBER),
}

PREPROCESSING: Final = Rule[LeakingLine](
    code="ENV030",
    lane=Lane.MODEL,
    title=N_("Something was fitted before the split"),
    says=_say,
    why=N_("The test rows have already shaped the features, so the test is easier than production will be."),
    remedy=N_("Split first and put the step into a Pipeline with the model: it is then fitted on the training rows alone."),
    statistic=_HOW,
    source=_SOURCE,
    suggests=PREPROCESSING_LEAKAGE,
    thresholds=FLATTERS,
)
OVERLAP: Final = Rule[LeakingLine](
    code="ENV031",
    lane=Lane.MODEL,
    title=N_("The same rows in training and test"),
    says=_say,
    why=N_("A model that has seen its test rows is praised for its memory."),
    remedy=N_("Split first, and draw or make up rows in the training part only."),
    statistic=_HOW,
    source=_SOURCE,
    suggests=TRAIN_TEST_OVERLAP,
    thresholds=FLATTERS,
)
TARGET: Final = Rule[LeakingLine](
    code="ENV032",
    lane=Lane.MODEL,
    title=N_("The code gives the answer to the model"),
    says=_say,
    why=N_("What is computed from the answer isn't there when the answer is still to come."),
    remedy=N_("Take the target, and all that is computed from it, out of the features."),
    statistic=_HOW,
    source=_SOURCE,
    suggests=TARGET_LEAKAGE,
    thresholds=FLATTERS,
)
TEMPORAL: Final = Rule[LeakingLine](
    code="ENV033",
    lane=Lane.MODEL,
    title=N_("The code looks into the future"),
    says=_say,
    why=N_("In production only the past is known; a test that mixes the two promises too much."),
    remedy=N_("Split by time, fill gaps from the past, and compute features from earlier rows only."),
    statistic=_HOW,
    source=_SOURCE,
    thresholds=FLATTERS,
)
REPEATED: Final = Rule[LeakingLine](
    code="ENV034",
    lane=Lane.MODEL,
    title=N_("The test rows were used for choosing"),
    says=_say,
    why=N_("The best of many tries on the same test rows is partly luck, and the score keeps that luck."),
    remedy=N_("Choose on validation rows or by cross-validation in the training part, and use the test rows once."),
    statistic=_HOW,
    source=_SOURCE,
    thresholds=FLATTERS,
)
UNREAD: Final = Rule[UnreadFile](
    code="ENV035",
    lane=Lane.MODEL,
    title=N_("A code file could not be read"),
    says=_say,
    why=N_("What cannot be read cannot be checked."),
    remedy=N_("Give the file again, as Python 3."),
    statistic=N_("Files and cells that do not parse."),
    source="The grammar of Python 3",
    severity=Severity.INFO,
)
RULES: Final = (PREPROCESSING, OVERLAP, TARGET, TEMPORAL, REPEATED, UNREAD)
BY_CODE: Final = {
    watch.PREPROCESSING: PREPROCESSING,
    watch.OVERLAP: OVERLAP,
    watch.TARGET: TARGET,
    watch.TEMPORAL: TEMPORAL,
    watch.REPEATED: REPEATED,
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One leak."""

    code: str
    """The kind of leak, as in the answer of the command `code`."""

    file: str
    cell: int | None
    """Cell of a notebook, counted from 1 over cells of all kinds."""

    line: int
    """In the file, or in the cell where there is one."""

    says: str
    """The sentence as a message id."""

    values: tuple[tuple[str, Value], ...]
    """Its values."""

    weight: float
    """How much it usually flatters the score, 0 to 1."""

    before: str
    """The line as it is."""

    after: str
    """The line without the leak."""


@dataclass(frozen=True)
class Leakage:
    """places: by file and line. unread: what is the matter with a file; unfinished: files too long to follow."""

    files: tuple[str, ...]
    places: tuple[Place, ...]
    unread: tuple[BadInput, ...] = ()
    unfinished: tuple[str, ...] = ()


def profile(incident: Incident) -> Leakage:
    """Raises NotApplicable without a script or notebook that can be read."""
    if not incident.code:
        raise NotApplicable(
            N_("No code: upload the training script or notebook (.py, .ipynb). It is read, never run."), needs="code"
        )
    told = look(incident.code)
    if not told.files:
        raise NotApplicable(told.unread[0].message, needs="code", **told.unread[0].values) from told.unread[0]
    return told


def look(paths: Sequence[Path]) -> Leakage:
    """All leaks of several files; a file that cannot be read is listed and leaves the others as they are."""
    codes, unread = [], []
    for path in paths:
        try:
            codes.append(read_code(path))
        except BadInput as reason:
            # A copy: the exception itself would keep the whole call stack, and so the file, in memory.
            unread.append(BadInput(reason.message, **reason.values))
    return followed(codes, unread)


def followed(codes: Sequence[Code], unread: Sequence[BadInput] = ()) -> Leakage:
    """All leaks of files that belong together: what one imports from another is followed into it."""
    project = Project.of(codes)
    places: dict[tuple[str, str, int | None, int], Place] = {}
    unfinished = []
    for code in codes:
        found, complete = leaks(code, project)
        for place in found:
            places.setdefault((place.code, place.file, place.cell, place.line), place)
        if not complete:
            unfinished.append(code.file)
    return Leakage(tuple(code.file for code in codes), tuple(places.values()), tuple(unread), tuple(unfinished))


FILE_STEP: Final = 1_000_000
"""Lines of the n-th file that is given together with others count from n times this on while they are followed from another."""


@dataclass(frozen=True)
class Project:
    """Files that were given together. modules: the statements of each under the name that it is imported by."""

    codes: tuple[Code, ...]
    modules: Mapping[str, tuple[ast.stmt, ...]]

    @staticmethod
    def of(codes: Sequence[Code]) -> Project:
        modules: dict[str, tuple[ast.stmt, ...]] = {}
        for number, code in enumerate(codes if len(codes) > 1 else (), start=1):
            statements = copy.deepcopy(code.statements)
            for statement in statements:
                ast.increment_lineno(statement, number * FILE_STEP)
            modules.setdefault(Path(code.file).stem, statements)
        return Project(tuple(codes), modules)

    def place(self, code: Code, line: int) -> tuple[Code, int]:
        """The file that a line belongs to, and the line there."""
        number, within = divmod(line, FILE_STEP)
        return (self.codes[number - 1], within) if number else (code, line)


def leaks(code: Code, project: Project) -> tuple[list[Place], bool]:
    """The leaks of one file in the order of their lines, and whether it could be followed to its end."""
    seen = Watch()
    seen.targets = _targets(code)
    others = {name: statements for name, statements in project.modules.items() if name != Path(code.file).stem}
    complete = Flow(seen, others).run(code.statements)
    found = sorted(seen.leaks.values(), key=lambda leak: (leak.line, leak.code))
    script = Script(code, others, found)
    script.targets = _targets(code)
    return [_place(code, leak, script, project) for leak in found], complete


def _targets(code: Code) -> set[str]:
    """Names of the columns that are ever taken as y."""
    found: set[str] = set()
    for statement in code.statements:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Assign):
                continue
            pairs = [(target, node.value) for target in node.targets]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
            for target, value in pairs:
                if isinstance(target, ast.Name) and is_target_name(target.id):
                    found |= _column(value)
    return found


def _column(node: ast.expr) -> set[str]:
    """The one column in df["c"], df.c, df[["c"]].values or df.pop("c")."""
    for _ in range(6):
        match node:
            case ast.Call(func=ast.Attribute(attr="pop"), args=[ast.Constant(value=str(name)), *_]):
                return {name}
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner, attr="values" | "loc" | "iloc"):
                node = inner
            case (
                ast.Subscript(slice=ast.Constant(value=str(name)))
                | ast.Subscript(slice=ast.List(elts=[ast.Constant(value=str(name))]))
            ):
                return {name}
            case ast.Subscript(value=inner):
                node = inner
            case ast.Attribute(value=ast.Name(), attr=name):
                return {name}
            case _:
                return set()
    return set()


def _place(start: Code, leak: Leak, script: Script, project: Project) -> Place:
    code, at = project.place(start, leak.line)
    cell, line = code.place(at)
    values = []
    for name, value in leak.values.items():
        line_of = name in ("split", "fitted", "loop") and isinstance(value, int)
        values.append((name, _elsewhere(code, *project.place(start, int(str(value)))) if line_of else value))
    values += [("file", code.file), ("at", _written(code, at))]
    before = textwrap.dedent(code.lines[at - 1])[:300] if 0 < at <= len(code.lines) else ""
    correction = script.corrected(leak)
    return Place(
        code=leak.code,
        file=code.file,
        cell=cell,
        line=line,
        says=leak.says,
        values=tuple(values),
        weight=leak.weight,
        before=masked_text(before),
        after=masked_text(correction.lines) if correction is not None else "",
    )


def judge(p: Leakage, *, shown: int = 40, hardly_below: float = 0.2, critical_at: float = 0.8) -> list[Finding]:
    """One finding for each place. A step that only learns which levels exist (weight under `hardly_below`) is for information:
    it hardly moves a score. From a weight of `critical_at` on it is critical: copies of rows, the target itself. The weights are
    those of `watch`, in the order of Kapoor and Narayanan (2023).
    """
    findings: list[Finding] = []
    for place in p.places[:shown]:
        severity = Severity.INFO if place.weight < hardly_below else Severity.WARNING
        if place.weight >= critical_at:
            severity = Severity.CRITICAL
        values: dict[str, Any] = dict(place.values)
        entry = LeakingLine(
            weight=place.weight,
            cell=place.cell,
            line=place.line,
            code=place.before,
            mended=place.after,
            cause=place.code,
            sentence=place.says,
            **values,
        )
        findings.append(BY_CODE[place.code].found(entry, severity=severity))
    for reason in p.unread:
        unread: dict[str, Any] = dict(reason.values)
        findings.append(UNREAD.found(UnreadFile(weight=0.1, sentence=reason.message, **unread)))
    for file in p.unfinished:
        sentence = N_("{file:name} is too long to be followed to its end.")
        findings.append(UNREAD.found(UnreadFile(weight=0.1, file=file, sentence=sentence)))
    return findings


def _elsewhere(here: Code, code: Code, line: int) -> str:
    """A line, with its file where that is another one than the sentence is about."""
    return _written(code, line) if code is here else f"{code.file}|{_written(code, line)}"


def _written(code: Code, line: int) -> str:
    """A line as sentences take it (`Words.place`): "12" in a script, "5:3" for line 3 of cell 5."""
    cell, within = code.place(line)
    return str(within) if cell is None else f"{cell}:{within}"
