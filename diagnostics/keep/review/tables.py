"""The tables of the record, as the newest migration leaves them. Times are UTC without a zone, as SQLite knows none."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sql

ID: Final = 32
NAME: Final = 80
WHO: Final = 120

metadata: Final = sql.MetaData()

incidents: Final = sql.Table(
    "incidents",
    metadata,
    sql.Column("id", sql.String(ID), primary_key=True),
    sql.Column("opened", sql.DateTime, nullable=False),
    sql.Column("title", sql.Text, nullable=False, server_default=""),
    sql.Column("status", sql.String(20), nullable=False, server_default="open"),
    sql.Column("severity", sql.String(20), nullable=False, server_default=""),
    # What was written, in one case and one piece, for the search of the list.
    sql.Column("words", sql.Text, nullable=False, server_default=""),
    # Fingerprint of the files that were investigated last: the same files again are no second incident.
    sql.Column("seen", sql.String(64), nullable=False, server_default=""),
    # What the investigation knows of the impact, as JSON; what people wrote of it is among the entries.
    sql.Column("impact", sql.Text, nullable=False, server_default="{}"),
)
"""One row per incident that somebody investigated or wrote about, with what the list shows and looks through."""

entries: Final = sql.Table(
    "entries",
    metadata,
    sql.Column("incident", sql.String(ID), sql.ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("name", sql.String(NAME), primary_key=True),
    sql.Column("value", sql.Text, nullable=False),
    sql.Column("version", sql.Integer, nullable=False),
    sql.Column("who", sql.String(WHO), nullable=False),
    sql.Column("changed", sql.DateTime, nullable=False),
)
"""The record's values as JSON, each with its version."""

changes: Final = sql.Table(
    "changes",
    metadata,
    sql.Column("number", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sql.Column("incident", sql.String(ID), sql.ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False, index=True),
    sql.Column("changed", sql.DateTime, nullable=False),
    sql.Column("who", sql.String(WHO), nullable=False),
    sql.Column("field", sql.String(NAME), nullable=False),
    sql.Column("before", sql.Text, nullable=False),
    sql.Column("after", sql.Text, nullable=False),
)

causes: Final = sql.Table(
    "causes",
    metadata,
    sql.Column("incident", sql.String(ID), sql.ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("place", sql.Integer, primary_key=True),
    sql.Column("code", sql.String(40), nullable=False, index=True),
    sql.Column("confidence", sql.Float, nullable=False),
    sql.Column("columns", sql.Text, nullable=False),
    sql.Column("since", sql.DateTime, nullable=True),
)
"""What the investigation found, the likeliest first: by this a later incident is compared with a past one."""
