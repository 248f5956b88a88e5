"""The tables of the watches, as the newest migration leaves them. Times are UTC, those of rows as rows have them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sql

from diagnostics.keep.review.tables import ID, metadata

NAME: Final = 200
OWNER: Final = 80
_NUMBER: Final = sql.BigInteger().with_variant(sql.Integer, "sqlite")

watches: Final = sql.Table(
    "watches",
    metadata,
    sql.Column("id", sql.String(ID), primary_key=True),
    sql.Column("name", sql.Text, nullable=False, unique=True),
    sql.Column("opened", sql.DateTime, nullable=False),
    sql.Column("settings", sql.Text, nullable=False),
    # Counts every change of its batches, so that readers know whether what they hold is still so.
    sql.Column("revision", sql.Integer, nullable=False, server_default="0"),
    # Why its source or its reference could not be read the last time, as JSON; empty when it could.
    sql.Column("trouble", sql.Text, nullable=False, server_default=""),
    sql.Column("looked", sql.DateTime, nullable=True),
    # Who judges what the batches come to, and since when, in seconds since 1970.
    sql.Column("owner", sql.String(OWNER), nullable=False, server_default=""),
    sql.Column("claimed", sql.Float, nullable=False, server_default="0"),
)

channels: Final = sql.Table(
    "channels",
    metadata,
    sql.Column("watch", sql.String(ID), sql.ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("place", sql.Integer, primary_key=True),
    # Holds a secret: it is read by whoever sends, and never shown.
    sql.Column("address", sql.Text, nullable=False),
    sql.Column("trouble", sql.Text, nullable=False, server_default=""),
    sql.Column("reached", sql.DateTime, nullable=True),
)

batches: Final = sql.Table(
    "batches",
    metadata,
    sql.Column("watch", sql.String(ID), sql.ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
    sql.Column("name", sql.String(NAME), primary_key=True),
    sql.Column("address", sql.Text, nullable=False, server_default=""),
    sql.Column("state", sql.String(20), nullable=False),
    sql.Column("owner", sql.String(OWNER), nullable=False, server_default=""),
    # Seconds since 1970 at which the claim was made or last renewed.
    sql.Column("claimed", sql.Float, nullable=False, server_default="0"),
    sql.Column("tries", sql.Integer, nullable=False, server_default="0"),
    # The window by the clock of the watch's zone; None where nothing tells it.
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
    # A packed Summary.
    sql.Column("numbers", sql.LargeBinary, nullable=True),
    # What the investigation found, as JSON, where there was one.
    sql.Column("found", sql.Text, nullable=False, server_default=""),
    sql.Column("incident", sql.String(ID), nullable=False, server_default=""),
    sql.Index("ix_batches_fingerprint", "watch", "fingerprint"),
)

alerts: Final = sql.Table(
    "alerts",
    metadata,
    sql.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sql.Column("watch", sql.String(ID), sql.ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
    # What it is about: the batch of a change, or what is missing. There is one alert of a topic.
    sql.Column("topic", sql.String(240), nullable=False),
    sql.Column("cause", sql.String(40), nullable=False, server_default=""),
    sql.Column("batch", sql.String(NAME), nullable=False),
    sql.Column("opened", sql.DateTime, nullable=False),
    sql.Column("closed", sql.DateTime, nullable=True),
    sql.Column("told", sql.DateTime, nullable=True),
    sql.Column("says", sql.Text, nullable=False),
    sql.UniqueConstraint("watch", "topic"),
)

messages: Final = sql.Table(
    "messages",
    metadata,
    sql.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sql.Column("alert", _NUMBER, sql.ForeignKey("alerts.number", ondelete="CASCADE"), nullable=False),
    sql.Column("channel", sql.Integer, nullable=False),
    sql.Column("event", sql.String(20), nullable=False),
    sql.Column("made", sql.DateTime, nullable=False),
    sql.Column("state", sql.String(20), nullable=False),
    sql.Column("owner", sql.String(OWNER), nullable=False, server_default=""),
    sql.Column("tries", sql.Integer, nullable=False, server_default="0"),
    sql.Column("again", sql.Float, nullable=False, server_default="0"),
    sql.Column("trouble", sql.Text, nullable=False, server_default=""),
)
"""What is to be sent, and what was: one row for an alert, an event and a channel."""

silences: Final = sql.Table(
    "silences",
    metadata,
    sql.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sql.Column("watch", sql.String(ID), sql.ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
    sql.Column("cause", sql.String(40), nullable=False, server_default=""),
    sql.Column("until", sql.DateTime, nullable=True),
    sql.Column("why", sql.Text, nullable=False, server_default=""),
)
