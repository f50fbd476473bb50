"""The tables of clerical review.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _draws()
    _people()


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _draws() -> None:
    """Create draws and the reviews each of them made."""
    op.create_table(
        "review_draw",
        sa.Column("draw", _big(), primary_key=True, autoincrement=False),
        sa.Column("version", _big(), nullable=False),
        sa.Column("seed", _big(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
    )
    op.create_table(
        "review",
        sa.Column("review", _big(), primary_key=True, autoincrement=False),
        sa.Column("draw", _big(), sa.ForeignKey("review_draw.draw"), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("settled_at", sa.String(32)),
        sa.Column("entry", _big()),
        sa.Column("same_as", _big()),
    )
    op.create_index("review_draw_outcome", "review", ["draw", "outcome"], unique=False)


def _people() -> None:
    """Create who looked and who decided: one human once in a review, one verdict a stage."""
    op.create_table(
        "review_look",
        sa.Column("review", _big(), sa.ForeignKey("review.review"), primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("mask", sa.String(16), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "review_verdict",
        sa.Column("id", _big(), primary_key=True),
        sa.Column("review", _big(), sa.ForeignKey("review.review"), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.UniqueConstraint("review", "person", name="review_verdict_person"),
        sa.UniqueConstraint("review", "stage", name="review_verdict_stage"),
    )
