"""The tables of the log: cosignatures of witnesses, and the state a checkpoint vouches for.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "log_cosignature",
        sa.Column("id", _big(), nullable=False),
        sa.Column("size", _big(), nullable=False),
        sa.Column("witness", sa.String(length=255), nullable=False),
        sa.Column("cosignature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("witness", "size", name="log_cosignature_witness"),
    )
    op.create_index("log_cosignature_size", "log_cosignature", ["size"], unique=False)
    op.create_table(
        "log_state",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    # Kinds are asked for by name, as in reports and in waiting for witnesses.
    op.create_index("log_entry_kind", "log_entry", ["kind", "idx"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _triggers_postgresql()
    else:
        _triggers_sqlite()


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _triggers_sqlite() -> None:
    """Refuse that a cosignature is changed, deleted or replaced."""
    refusal = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    same = "id = NEW.id OR (witness = NEW.witness AND size = NEW.size)"
    there = f"EXISTS (SELECT 1 FROM log_cosignature WHERE {same})"
    for name, event in (
        ("no_update", "UPDATE ON log_cosignature"),
        ("no_delete", "DELETE ON log_cosignature"),
        ("no_replace", f"INSERT ON log_cosignature WHEN {there}"),
    ):
        op.execute(f"CREATE TRIGGER log_cosignature_{name} BEFORE {event} {refusal}")


def _triggers_postgresql() -> None:
    """Refuse that a cosignature is changed, deleted or truncated."""
    for name, event, each in (
        ("no_update", "UPDATE OR DELETE", "ROW"),
        ("no_truncate", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER log_cosignature_{name} BEFORE {event} ON log_cosignature "
            f"FOR EACH {each} EXECUTE FUNCTION commonweal_append_only()"
        )
