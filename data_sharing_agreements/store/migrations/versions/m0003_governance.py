"""The tables of stops, incidents and who is who.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _incidents()
    _stops()
    _holders()


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _incidents() -> None:
    """Create incidents, what is noted of each, and whom each obliges to tell."""
    op.create_table(
        "incident",
        sa.Column("id", _big(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("known_at", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=255), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("closed_at", sa.String(length=32), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "incident_note",
        sa.Column("id", _big(), nullable=False),
        sa.Column("incident", _big(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("by_account", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incident_note_incident", "incident_note", ["incident"], unique=False)
    op.create_table(
        "incident_duty",
        sa.Column("id", _big(), nullable=False),
        sa.Column("incident", _big(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tell", sa.Text(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.String(length=32), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("clause", sa.String(length=255), nullable=False),
        sa.Column("checked", sa.Boolean(), nullable=False),
        sa.Column("done_at", sa.String(length=32), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incident_duty_incident", "incident_duty", ["incident", "number"], unique=True)


def _stops() -> None:
    """Create stops; the index serves the question that every decision asks."""
    op.create_table(
        "stop",
        sa.Column("id", _big(), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("start", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("party", sa.String(length=255), nullable=False),
        sa.Column("incident", _big(), nullable=True),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("ended_by", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("stop_standing", "stop", ["ended_at", "document"], unique=False)


def _holders() -> None:
    """Create who holds an account and in which roles; accounts made before keep their one role."""
    op.create_table(
        "account_holder",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "account_role",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.PrimaryKeyConstraint("account", "role"),
    )
    op.execute("INSERT INTO account_holder (account, person) SELECT name, name FROM account")
    op.execute("INSERT INTO account_role (account, role) SELECT name, role FROM account")
