"""Rules as code to take away: a guard that needs pandas alone with its test, a pandera schema, a Great Expectations suite.

Names and values of a file become literals by `repr`, so that nothing in them is ever code.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.looking.expectations import Ask, Expectation, in_force


def guard(rules: Sequence[Expectation]) -> str:
    """A module with `broken(rows)`: one sentence for each rule that more rows break than are allowed to."""
    held = [
        (rule.column, rule.ask.value, rule.low, rule.high, list(rule.levels), rule.pattern, rule.allowed)
        for rule in in_force(rules)
    ]
    listed = "".join(f"    {one!r},\n" for one in held)
    return f'''"""A guard for rows before they reach the model: `broken(rows)` says which rules do not hold."""

import pandas as pd

# column, what is asked, low, high (days of freshness), levels, form, share of the rows that may break it
RULES = [
{listed}]


def _text(values):
    """Whole numbers without a decimal point, as the rules write them."""
    return values.map(lambda v: v if pd.isna(v) else str(int(v)) if isinstance(v, float) and v.is_integer() else str(v))


def _breaks(values, asked, low, high, levels, form):
    given = values.notna()
    if asked == "given":
        return ~given
    if asked == "unique":
        return given & values.duplicated(keep=False)
    if asked == "range":
        numbers = pd.to_numeric(values, errors="coerce")
        least, most = (float("-inf") if low is None else low), (float("inf") if high is None else high)
        return given & ~((numbers >= least) & (numbers <= most))
    if asked == "set":
        return given & ~_text(values).isin(levels)
    if asked == "pattern":
        return given & ~_text(values).fillna("").str.fullmatch(form)
    times = pd.to_datetime(values, errors="coerce")
    return times < pd.Timestamp.now() - pd.Timedelta(days=high or 0)


def broken(rows):
    """One sentence for each rule that does not hold for these rows, a pandas DataFrame."""
    said = []
    for column, asked, low, high, levels, form, allowed in RULES:
        if column not in rows:
            said.append(f"{{column}} is not there")
            continue
        share = float(_breaks(rows[column], asked, low, high, levels, form).mean()) if len(rows) else 0.0
        if share > allowed:
            said.append(f"{{column}}: {{share:.1%}} of the rows break the rule '{{asked}}', {{allowed:.1%}} may")
    return said
'''


def guard_test() -> str:
    """A test of the guard: silent on the reference, and it speaks on the current rows of this incident."""
    return '''"""The guard is silent on rows from when all was well, and would have stopped those of the incident."""

import pandas as pd
from guard import broken


def test_rows_from_when_all_was_well_pass():
    assert broken(pd.read_csv("reference.csv")) == []


def test_the_rows_of_the_incident_are_stopped():
    assert broken(pd.read_csv("current.csv")) != []
'''


def pandera(rules: Sequence[Expectation]) -> str:
    """A schema of pandera; the share of the rows that may break a rule is part of each check."""
    columns: dict[str, list[str]] = {}
    for rule in in_force(rules):
        checks = columns.setdefault(rule.column, [])
        may = f"{rule.allowed!r}"
        match rule.ask:
            case Ask.RANGE:
                low = 'float("-inf")' if rule.low is None else repr(rule.low)
                high = 'float("inf")' if rule.high is None else repr(rule.high)
                body = f"(pd.to_numeric(s, errors='coerce').dropna().between({low}, {high})).mean() >= 1 - {may}"
            case Ask.SET:
                body = f"s.dropna().astype(str).isin({list(rule.levels)!r}).mean() >= 1 - {may}"
            case Ask.PATTERN:
                body = f"s.dropna().astype(str).str.fullmatch({rule.pattern!r}).mean() >= 1 - {may}"
            case Ask.UNIQUE:
                body = f"s.dropna().duplicated(keep=False).mean() <= {may}"
            case Ask.GIVEN:
                body = f"s.isna().mean() <= {may}"
            case Ask.FRESH:
                body = f"(pd.to_datetime(s) >= pd.Timestamp.now() - pd.Timedelta(days={rule.high or 0!r})).mean() >= 1 - {may}"
        nothing = "s.empty" if rule.ask is Ask.GIVEN else "s.dropna().empty"
        checks.append(f"            pa.Check(lambda s: bool({nothing} or {body}), name={rule.ask.value!r}, ignore_na=False),\n")
    listed = "".join(
        f"        {name!r}: pa.Column(nullable=True, checks=[\n{''.join(checks)}        ]),\n" for name, checks in columns.items()
    )
    return (
        "import pandas as pd\nimport pandera.pandas as pa\n\n"
        f"schema = pa.DataFrameSchema(\n    {{\n{listed}    }}\n)\n\n# schema.validate(rows, lazy=True)\n"
    )


def great_expectations(rules: Sequence[Expectation]) -> str:
    """A suite of Great Expectations 1.x."""
    lines = []
    for rule in in_force(rules):
        name, mostly = repr(rule.column), repr(round(1 - rule.allowed, 6))
        match rule.ask:
            case Ask.RANGE:
                bounds = f"min_value={rule.low!r}, max_value={rule.high!r}"
                lines.append(f"gxe.ExpectColumnValuesToBeBetween(column={name}, {bounds}, mostly={mostly})")
            case Ask.SET:
                lines.append(f"gxe.ExpectColumnValuesToBeInSet(column={name}, value_set={list(rule.levels)!r}, mostly={mostly})")
            case Ask.PATTERN:
                form = repr(f"^(?:{rule.pattern})$")
                lines.append(f"gxe.ExpectColumnValuesToMatchRegex(column={name}, regex={form}, mostly={mostly})")
            case Ask.UNIQUE:
                lines.append(f"gxe.ExpectColumnValuesToBeUnique(column={name}, mostly={mostly})")
            case Ask.GIVEN:
                lines.append(f"gxe.ExpectColumnValuesToNotBeNull(column={name}, mostly={mostly})")
            case Ask.FRESH:
                since = f"pd.Timestamp.now() - pd.Timedelta(days={rule.high or 0!r})"
                lines.append(f"gxe.ExpectColumnMaxToBeBetween(column={name}, min_value={since})")
    listed = "".join(f"suite.add_expectation({line})\n" for line in lines)
    return (
        "import great_expectations as gx\nimport great_expectations.expectations as gxe\nimport pandas as pd\n\n"
        f'suite = gx.ExpectationSuite(name="model clinic")\n{listed}\n'
        'batch = gx.get_context().data_sources.add_pandas("rows").add_dataframe_asset("rows")'
        '.add_batch_definition_whole_dataframe("rows")\n'
        '# batch.get_batch({"dataframe": rows}).validate(suite)\n'
    )
