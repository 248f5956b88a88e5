"""The queries that read all rows, once, in DuckDB. Everything else works on a bounded, seeded sample.

A `Grid` fixes what is counted (shared bin edges and shared levels), so that two tables, or the same table on two engines,
can be compared number by number. `in_memory` counts small tables from arrays, `in_sql` large ones, and `distributed` runs the
same profile as an Ibis expression on any engine.
"""

from diagnostics.measure.engine.connection import connect, literal, number_sql, relation
from diagnostics.measure.engine.full_rows import profile, profiles
from diagnostics.measure.engine.grids import BINS, LEVELS, grids
from diagnostics.measure.engine.profile_types import ColumnProfile, Grid, TableProfile
from diagnostics.measure.engine.rows import SAMPLE_ROWS, sample, seconds

__all__ = [
    "BINS",
    "LEVELS",
    "SAMPLE_ROWS",
    "ColumnProfile",
    "Grid",
    "TableProfile",
    "connect",
    "grids",
    "literal",
    "number_sql",
    "profile",
    "profiles",
    "relation",
    "sample",
    "seconds",
]
