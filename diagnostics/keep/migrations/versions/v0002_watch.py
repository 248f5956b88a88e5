"""Watches, their batches, and the alerts that were raised and sent."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sql.BigInteger().with_variant(sql.Integer, "sqlite")
    op.create_table(
        "watches",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("name", sql.Text, nullable=False, unique=True),
        sql.Column("opened", sql.DateTime, nullable=False),
        sql.Column("settings", sql.Text, nullable=False),
        sql.Column("revision", sql.Integer, nullable=False, server_default="0"),
        sql.Column("trouble", sql.Text, nullable=False, server_default=""),
        sql.Column("looked", sql.DateTime, nullable=True),
        sql.Column("owner", sql.String(80), nullable=False, server_default=""),
        sql.Column("claimed", sql.Float, nullable=False, server_default="0"),
    )
    op.create_table(
        "channels",
        sql.Column("watch", sql.String(32), sql.ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
        sql.Column("place", sql.Integer, primary_key=True),
        sql.Column("address", sql.Text, nullable=False),
        sql.Column("trouble", sql.Text, nullable=False, server_default=""),
        sql.Column("reached", sql.DateTime, nullable=True),
    )
    op.create_table(
        "batches",
        sql.Column("watch", sql.String(32), sql.ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
        sql.Column("name", sql.String(200), primary_key=True),
        sql.Column("address", sql.Text, nullable=False, server_default=""),
        sql.Column("state", sql.String(20), nullable=False),
        sql.Column("owner", sql.String(80), nullable=False, server_default=""),
        sql.Column("claimed", sql.Float, nullable=False, server_default="0"),
        sql.Column("tries", sql.Integer, nullable=False, server_default="0"),
        sql.Column("since", sql.DateTime, nullable=True),
        sql.Column("until", sql.DateTime, nullable=True),
        sql.Column("arrived", sql.DateTime, nullable=True),
        sql.Column("looked", sql.DateTime, nullable=True),
        sql.Column("late", sql.Boolean, nullable=False, server_default=sql.false()),
        sql.Column("fingerprint", sql.String(64), nullable=False, server_default=""),
        sql.Column("rows", sql.Integer, nullable=False, server_default="0"),
        sql.Column("labelled", sql.Integer, nullable=False, server_default="0"),
        sql.Column("reason", sql.Text, nullable=False, server_default=""),
        sql.Column("metric", sql.Text, nullable=False, server_default=""),
        sql.Column("numbers", sql.LargeBinary, nullable=True),
        sql.Column("found", sql.Text, nullable=False, server_default=""),
        sql.Column("incident", sql.String(32), nullable=False, server_default=""),
    )
    op.create_index("ix_batches_fingerprint", "batches", ["watch", "fingerprint"])
    op.create_table(
        "alerts",
        sql.Column("number", number, primary_key=True, autoincrement=True, nullable=False),
        sql.Column("watch", sql.String(32), sql.ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
        sql.Column("topic", sql.String(240), nullable=False),
        sql.Column("cause", sql.String(40), nullable=False, server_default=""),
        sql.Column("batch", sql.String(200), nullable=False),
        sql.Column("opened", sql.DateTime, nullable=False),
        sql.Column("closed", sql.DateTime, nullable=True),
        sql.Column("told", sql.DateTime, nullable=True),
        sql.Column("says", sql.Text, nullable=False),
        sql.UniqueConstraint("watch", "topic"),
    )
    op.create_table(
        "messages",
        sql.Column("number", number, primary_key=True, autoincrement=True, nullable=False),
        sql.Column("alert", number, sql.ForeignKey("alerts.number", ondelete="CASCADE"), nullable=False),
        sql.Column("channel", sql.Integer, nullable=False),
        sql.Column("event", sql.String(20), nullable=False),
        sql.Column("made", sql.DateTime, nullable=False),
        sql.Column("state", sql.String(20), nullable=False),
        sql.Column("owner", sql.String(80), nullable=False, server_default=""),
        sql.Column("tries", sql.Integer, nullable=False, server_default="0"),
        sql.Column("again", sql.Float, nullable=False, server_default="0"),
        sql.Column("trouble", sql.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "silences",
        sql.Column("number", number, primary_key=True, autoincrement=True, nullable=False),
        sql.Column("watch", sql.String(32), sql.ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
        sql.Column("cause", sql.String(40), nullable=False, server_default=""),
        sql.Column("until", sql.DateTime, nullable=True),
        sql.Column("why", sql.Text, nullable=False, server_default=""),
    )


def downgrade() -> None:
    for table in ("silences", "messages", "alerts", "batches", "channels", "watches"):
        op.drop_table(table)
