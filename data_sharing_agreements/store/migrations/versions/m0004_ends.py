"""The tables of ends: purges, certificates and legal holds.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _endings()
    _holds()
    _copies()


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _endings() -> None:
    op.create_table(
        "ending",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("document_version", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("begun_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("facts", sa.JSON(), nullable=False),
    )
    op.create_table(
        "barred_delivery",
        sa.Column("id", _big(), primary_key=True),
        sa.Column("ending", sa.String(32), sa.ForeignKey("ending.id"), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("whole_period", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "mart_retraction",
        sa.Column("mart", _big(), sa.ForeignKey("mart.id"), primary_key=True, autoincrement=False),
        sa.Column("ending", sa.String(32), sa.ForeignKey("ending.id"), nullable=False),
        sa.Column("retracted_at", sa.String(32), nullable=False),
    )


def _holds() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.Column("set_at", sa.String(32), nullable=False),
        sa.Column("lifted_by", sa.String(64)),
        sa.Column("lifted_at", sa.String(32)),
    )


def _copies() -> None:
    op.create_table(
        "backup",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("taken_at", sa.String(32), nullable=False),
        sa.Column("kept_until", sa.String(10)),
        sa.Column("with_keys", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "attestation",
        sa.Column("id", _big(), primary_key=True),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("attested_by", sa.String(128), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("recorded_by", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
