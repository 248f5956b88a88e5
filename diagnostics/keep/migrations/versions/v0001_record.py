"""Incidents, the entries of their records, every change, and the causes that were found."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incidents",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("opened", sql.DateTime, nullable=False),
        sql.Column("title", sql.Text, nullable=False, server_default=""),
        sql.Column("status", sql.String(20), nullable=False, server_default="open"),
        sql.Column("severity", sql.String(20), nullable=False, server_default=""),
        sql.Column("words", sql.Text, nullable=False, server_default=""),
        sql.Column("seen", sql.String(64), nullable=False, server_default=""),
        sql.Column("impact", sql.Text, nullable=False, server_default="{}"),
    )
    op.create_table(
        "entries",
        sql.Column("incident", sql.String(32), sql.ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
        sql.Column("name", sql.String(80), primary_key=True),
        sql.Column("value", sql.Text, nullable=False),
        sql.Column("version", sql.Integer, nullable=False),
        sql.Column("who", sql.String(120), nullable=False),
        sql.Column("changed", sql.DateTime, nullable=False),
    )
    op.create_table(
        "changes",
        sql.Column(
            "number", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True, autoincrement=True, nullable=False
        ),
        sql.Column("incident", sql.String(32), sql.ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
        sql.Column("changed", sql.DateTime, nullable=False),
        sql.Column("who", sql.String(120), nullable=False),
        sql.Column("field", sql.String(80), nullable=False),
        sql.Column("before", sql.Text, nullable=False),
        sql.Column("after", sql.Text, nullable=False),
    )
    op.create_index("ix_changes_incident", "changes", ["incident"])
    op.create_table(
        "causes",
        sql.Column("incident", sql.String(32), sql.ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
        sql.Column("place", sql.Integer, primary_key=True),
        sql.Column("code", sql.String(40), nullable=False),
        sql.Column("confidence", sql.Float, nullable=False),
        sql.Column("columns", sql.Text, nullable=False),
        sql.Column("since", sql.DateTime, nullable=True),
    )
    op.create_index("ix_causes_code", "causes", ["code"])


def downgrade() -> None:
    for table in ("causes", "changes", "entries", "incidents"):
        op.drop_table(table)
