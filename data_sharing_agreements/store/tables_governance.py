"""The registry's tables of stops, incidents and who is who.

Belongs here: columns, keys and indexes, as the newest migration leaves them. Does
not: triggers, which live in the migrations, or any other table.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from data_sharing_agreements.store.base import Big, metadata

incident = Table(
    "incident",
    metadata,
    Column("id", Big, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("summary", Text, nullable=False),
    Column("known_at", String(32), nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("opened_by", String(64), nullable=False),
    Column("party", String(255), nullable=False),
    Column("documents", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("people", JSON, nullable=False),
    Column("closed_at", String(32)),
    Column("closed_by", String(64)),
)

incident_note = Table(
    "incident_note",
    metadata,
    Column("id", Big, primary_key=True),
    Column("incident", Big, ForeignKey("incident.id"), nullable=False),
    Column("at", String(32), nullable=False),
    Column("by_account", String(64), nullable=False),
    Column("text", Text, nullable=False),
)
Index("incident_note_incident", incident_note.c.incident)

incident_duty = Table(
    "incident_duty",
    metadata,
    Column("id", Big, primary_key=True),
    Column("incident", Big, ForeignKey("incident.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("tell", Text, nullable=False),
    Column("hours", Integer, nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("document", String(64), nullable=False),
    Column("clause", String(255), nullable=False),
    Column("checked", Boolean, nullable=False),
    Column("done_at", String(32)),
    Column("done_by", String(64)),
)
Index("incident_duty_incident", incident_duty.c.incident, incident_duty.c.number, unique=True)

stop = Table(
    "stop",
    metadata,
    Column("id", Big, primary_key=True),
    Column("document", String(64), nullable=False),
    Column("start", String(10), nullable=False),
    Column("until", String(10)),
    Column("reason", Text, nullable=False),
    Column("party", String(255), nullable=False),
    Column("incident", Big, ForeignKey("incident.id")),
    Column("made_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("ended_by", String(255)),
)
Index("stop_standing", stop.c.ended_at, stop.c.document)

account_holder = Table(
    "account_holder",
    metadata,
    Column("account", String(64), ForeignKey("account.name"), primary_key=True),
    Column("person", String(64), nullable=False),
    Column("party", String(255)),
)

account_role = Table(
    "account_role",
    metadata,
    Column("account", String(64), ForeignKey("account.name"), primary_key=True),
    Column("role", String(32), primary_key=True),
)
