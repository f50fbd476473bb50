"""The first tables, and the triggers that keep the log append-only.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("log_entry", "log_node", "log_checkpoint")


def upgrade() -> None:
    """Bring the tables to this revision."""
    _log()
    _work()
    _people()
    if op.get_bind().dialect.name == "postgresql":
        _triggers_postgresql()
    else:
        _triggers_sqlite()


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _triggers_sqlite() -> None:
    """Refuse updates and deletions in the log, and entries out of order.

    The last also stops INSERT OR REPLACE, which deletes without a trigger. A body
    may be deleted (erasure), never changed.
    """
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(_refusal_sqlite(f"{table}_no_{act.lower()}", f"{act} ON {table}"))
    op.execute(_refusal_sqlite("log_body_no_update", "UPDATE ON log_body"))
    op.execute(
        _refusal_sqlite(
            "log_entry_in_order",
            "INSERT ON log_entry WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log_entry)",
        )
    )
    for table, key in (
        ("log_body", "idx = NEW.idx"),
        ("log_node", "ends_at = NEW.ends_at AND level = NEW.level"),
        ("log_checkpoint", "id = NEW.id"),
    ):
        op.execute(
            _refusal_sqlite(
                f"{table}_no_replace",
                f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})",
            )
        )


def _refusal_sqlite(name: str, event: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"


def _triggers_postgresql() -> None:
    """Refuse updates, deletions and truncation of the log, and entries out of order."""
    op.execute(
        "CREATE FUNCTION commonweal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$"
    )
    op.execute(
        "CREATE FUNCTION commonweal_in_order() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log_entry) THEN "
        "RAISE EXCEPTION 'the log is append-only'; END IF; RETURN NEW; END $$"
    )
    for table in (*APPEND_ONLY, "log_body"):
        acts = "UPDATE OR DELETE" if table in APPEND_ONLY else "UPDATE"
        for event, each in ((acts, "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.split()[0].lower()} BEFORE {event} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION commonweal_append_only()"
            )
    op.execute(
        "CREATE TRIGGER log_entry_in_order BEFORE INSERT ON log_entry "
        "FOR EACH ROW EXECUTE FUNCTION commonweal_in_order()"
    )


def _log() -> None:
    """Create the log: entries, bodies, inner nodes, checkpoints; and what names the registry."""
    op.create_table(
        "log_body",
        sa.Column("idx", _big(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("idx"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("id", _big(), nullable=False),
        sa.Column("size", _big(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_entry",
        sa.Column("idx", _big(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("clauses", sa.Text(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("idx"),
    )
    op.create_table(
        "log_node",
        sa.Column("ends_at", _big(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("ends_at", "level"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _work() -> None:
    """Create what records the work: deliveries, runs, link versions, marts, results, generations."""
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("rows_in", _big(), nullable=False),
        sa.Column("rows_out", _big(), nullable=False),
        sa.Column("rows_quarantined", _big(), nullable=False),
        sa.Column("held_rules", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "period", "version", name="delivery_version"),
    )
    op.create_index("delivery_state", "delivery", ["state", "source"], unique=False)
    op.create_table(
        "indicator_result",
        sa.Column("id", _big(), nullable=False),
        sa.Column("indicator", sa.String(length=128), nullable=False),
        sa.Column("computed_at", sa.String(length=32), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "indicator_result_indicator", "indicator_result", ["indicator", "computed_at"], unique=False
    )
    op.create_table(
        "link_version",
        sa.Column("version", _big(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("input_hash", sa.String(length=128), nullable=False),
        sa.Column("records", _big(), nullable=False),
        sa.Column("persons", _big(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "mart",
        sa.Column("id", _big(), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("mart", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rows", _big(), nullable=False),
        sa.Column("link_version", _big(), nullable=True),
        sa.Column("published_at", sa.String(length=32), nullable=False),
        sa.Column("obligations", sa.JSON(), nullable=False),
        sa.Column("codebook", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project", "mart", "version", name="mart_version"),
    )
    op.create_table(
        "run",
        sa.Column("id", _big(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("finished_at", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "store_generation",
        sa.Column("store", sa.String(length=255), nullable=False),
        sa.Column("generation", _big(), nullable=True),
        sa.Column("nonce", sa.String(length=64), nullable=True),
        sa.Column("pending_generation", _big(), nullable=True),
        sa.Column("pending_nonce", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("store"),
    )
    op.create_table(
        "delivery_file",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", _big(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "name"),
    )
    op.create_table(
        "run_step",
        sa.Column("id", _big(), nullable=False),
        sa.Column("run_id", _big(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("rows_in", _big(), nullable=False),
        sa.Column("rows_out", _big(), nullable=False),
        sa.Column("rows_quarantined", _big(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("run_step_run", "run_step", ["run_id"], unique=False)


def _people() -> None:
    """Create accounts, their sessions and budgets."""
    op.create_table(
        "account",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "budget",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("project", "account"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.name"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
