"""Link: from the vault to a new version of the spine, in one process.

Belongs here: the order of the steps, skipping what has not changed, leaving nothing
behind. Does not: any step itself, opening stores, permission, Dagster.

Encodings made here live only as temporary tables of the connection and are dropped
whatever happens; a run that was killed starts again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
from splink.internals.exceptions import SplinkException

from data_sharing_agreements.errors import CommonwealError
from linkage import encode, persons, standardise, telling, train
from linkage.agency import compare as agency
from linkage.clusters import alone, record_pairs, resolve
from linkage.households import TABLES as HOUSEHOLD_TABLES
from linkage.increment import state
from linkage.increment.causes import tell_causes
from linkage.increment.chance import Chance, Wish, constraints_changed, keep_basis, look, try_increment
from linkage.increment.due import REASONS
from linkage.increment.touched import TABLES as INCREMENT_TABLES
from linkage.model import Model, read_model
from linkage.predict import IN_DUCKDB, Engine
from linkage.refine import ONE_ID, name_one_id
from linkage.report import write_report
from linkage.spine import Made, Version, ensure_spine, latest_version, publish
from linkage.statistics import observed

METHOD = "5"
"""Counts up when the code changes what it makes of the same input."""

GREY_BELOW = 4.0
"""Pairs this far below the threshold are kept for review."""

FEWEST_NODES = 2
"""Fewer different records cannot be compared; each is a person."""

_TABLES = (
    "link_record", "link_pair", "link_cluster", "link_record_pair", "link_unscored",
    "link_person_of", "link_change", "link_name_language", "link_prior", ONE_ID, *HOUSEHOLD_TABLES,
    *INCREMENT_TABLES,
)  # fmt: skip

Progress = Callable[[str], object]
Admit = Callable[[Model, Mapping[str, int]], Mapping[str, Any]]
"""Asked with the trained model, and how many records each source has, before anything is
written; raises if it may not be used, and says what the report says of it."""


@dataclass(frozen=True)
class LinkOutcome:
    """What a link did.

    Args:
        version: The version of the spine that now stands.
        records, persons: How many it has.
        seconds: How long it took.
        skipped: Whether the version stood already, made from the same input.
        pairs: Scored pairs kept; 0 if skipped.
        model: Name of the model.
        model_digest: Hash of its settings and trained numbers; empty if skipped.
        input_hash: Hash of deliveries, settings and method.
        report: Where the report is, if one was asked for.
        mode: `full` or `increment`; says nothing if skipped.
        reason: Why it was a full link, a key of `increment.due.REASONS`.
    """

    version: int
    records: int
    persons: int
    seconds: float
    skipped: bool
    pairs: int
    model: str
    model_digest: str
    input_hash: str
    report: Path | None = None
    mode: str = "full"
    reason: str = ""


def link(
    connection: duckdb.DuckDBPyConnection,
    *,
    sources: Sequence[str],
    run_key: bytes,
    restricted: str = "",
    seed: int | None = None,
    progress: Progress | None = None,
    report_dir: Path | None = None,
    told: bool = False,
    smallest: int = 1,
    model: Model | None = None,
    agency_key: bytes | None = None,
    one_id: Sequence[str] = (),
    admit: Admit | None = None,
    wish: Wish | None = None,
    engine: Engine = IN_DUCKDB,
) -> LinkOutcome:
    """Link the sources' records and publish a version of the spine, unless nothing has changed.

    Args:
        connection: With `vault` attached to read and `warehouse` to write, and the
            relation `permitted_identity` of those identities that may be linked.
        sources: Whose records take part; permission is the caller's.
        run_key: 32 random bytes that exist for this run.
        restricted: Digest of the records that `permitted_identity` leaves out.
        seed: Seed of the sampling; the model's own if not given.
        progress: Called with the name of each step as it starts.
        report_dir: Where to write the report, if anywhere.
        told: Whether what a report says is kept with the version even if none is written here.
        smallest: The smallest count of persons the report may tell.
        model: Settings; the default model if not given.
        admit: Called with the trained model before a version is written.
        agency_key: Key agreed with agencies that encode at home; without it, what they sent
            in the relation `permitted_encoding` is linked with each other alone.
        one_id: Sources in which two records of one period are two people's.
        wish: Whether the link must be a full one, and when it must. An increment is made where
            `vault` is attached to write and nothing stands against it.
        engine: Where the pairs of a full link are compared; every engine gives the same clusters.

    Raises:
        CommonwealError: Splink failed; DuckDB's own errors are left to the opener's guard.
    """
    start = time.perf_counter()
    tell = progress or (lambda _step: None)
    settings = model or read_model()
    settings = settings if seed is None else replace(settings, seed=seed)
    ensure_spine(connection)
    method = " ".join([METHOD, *sorted(one_id)])
    hashed = input_hash(connection, sources, settings, restricted + agency.said_of(agency_key), method)
    standing = latest_version(connection)
    wish = wish or Wish()
    unchanged = standing is not None and standing.input_hash == hashed and not constraints_changed(connection)
    if standing is not None and unchanged and not wish.full:
        return _outcome(standing, start, skipped=True)
    with _leaving_nothing(connection), _safely():
        name_one_id(connection, one_id)
        chance = look(
            connection, sources, settings, method, restricted, wish, agency=agency.takes_part(connection)
        )
        reason = chance.reason
        if standing is not None and reason is None:
            least = settings.pair_threshold - GREY_BELOW
            made = try_increment(connection, chance, standing, run_key, least, hashed, tell)
            if not isinstance(made, str):
                report = None
                if report_dir or told:
                    telling.tell(connection, run_key, telling.facts_of(connection, standing.version))
                if report_dir:
                    report = write_report(connection, report_dir, smallest=smallest)
                outcome = _outcome(made[0], start, skipped=False, pairs=made[1], mode="increment")
                return replace(outcome, report=report)
            reason = made
        tell(f"link: in full, because {REASONS[reason or 'nothing-kept']}")
        facts: dict[str, Any] | None = {} if report_dir or told else None
        keeper = chance if chance.keeps else None
        trained, pairs = _resolve(
            connection, sources, settings, (run_key, agency_key), tell, facts, keeper, engine
        )
        said = admit(trained, _records_by_source(connection)) if admit else None
        tell("link: writing the spine")
        people = persons.assign_persons(connection)
        persons.changes(connection)
        tell_causes(connection, chance.found, purged=chance.purged)
        (records,) = connection.execute("SELECT count(*) FROM link_record").fetchone() or (0,)
        number = standing.version + 1 if standing else 1
        version = Version(number, trained.name, int(records), people, hashed)
        if keeper:
            keep_basis(connection, chance, number, trained, version.records)
        touched = version.records
        publish(
            connection,
            version,
            trained.to_json(),
            Made("full", reason or "nothing-kept", touched, keeps=keeper is not None),
        )
        if facts is not None:
            telling.tell(connection, run_key, facts | {"model": said})
    report = write_report(connection, report_dir, smallest=smallest) if report_dir else None
    return replace(
        _outcome(version, start, skipped=False, reason=reason or "nothing-kept"),
        pairs=pairs,
        model_digest=trained.digest(),
        report=report,
    )


def input_hash(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    model: Model,
    restricted: str,
    method: str = METHOD,
) -> str:
    """Return a hash of everything the spine depends on but randomness.

    A delivery never changes once it stands, so its id stands for its rows.
    """
    rows = connection.execute(
        f"""SELECT delivery_id, source, period FROM vault.current_delivery
            WHERE source IN ({", ".join("?" for _ in sources)}) ORDER BY ALL""",
        list(sources),
    ).fetchall()
    said = (method, sorted(sources), model.digest(), rows, restricted)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _resolve(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    model: Model,
    keys: tuple[bytes, bytes | None],
    tell: Progress,
    facts: dict[str, Any] | None = None,
    keeper: Chance | None = None,
    engine: Engine = IN_DUCKDB,
) -> tuple[Model, int]:
    """Make `link_record`, `link_cluster` and `link_record_pair`; return the trained model and the pairs."""
    tell("link: standardising")
    standardise.latest_values(connection, sources)
    if keeper:
        state.mark(connection)
    nodes = standardise.standardise(connection)
    if keeper:
        state.make_leads(connection)
        state.keep_all(connection, model, keeper.stamp)
    tell("link: encoding")
    encode.encode(connection, keys[0])
    encoded = agency.prepare(connection, sources, nodes, keys[1])
    standardise.drop(connection)
    if nodes + encoded < FEWEST_NODES:
        alone(connection)
        return model, record_pairs(connection, model, model.pair_threshold - GREY_BELOW)
    tell("link: training")
    trained = _trained(connection, model, nodes, encoded)
    tell("link: comparing and clustering")
    fitted = resolve(connection, trained, engine)
    if facts is not None:
        facts.update(observed(connection, fitted))
    encode.drop(connection)
    return fitted, record_pairs(connection, fitted, fitted.pair_threshold - GREY_BELOW)


def _trained(connection: duckdb.DuckDBPyConnection, model: Model, nodes: int, encoded: int) -> Model:
    if nodes < FEWEST_NODES:
        return train.untrained(model, nodes + encoded)
    return train.train(connection, model, nodes)


def _records_by_source(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = connection.execute("SELECT source, count(*) FROM link_record GROUP BY source").fetchall()
    return {str(source): int(records) for source, records in rows}


def _outcome(
    version: Version, start: float, *, skipped: bool, pairs: int = 0, mode: str = "full", reason: str = ""
) -> LinkOutcome:
    return LinkOutcome(
        version.version,
        version.records,
        version.persons,
        time.perf_counter() - start,
        skipped,
        pairs,
        version.model,
        "",
        version.input_hash,
        mode=mode,
        reason=reason,
    )


@contextmanager
def _leaving_nothing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Drop every temporary table of the run, whether or not it ended well."""
    try:
        yield
    finally:
        standardise.drop(connection)
        encode.drop(connection)
        agency.drop(connection)
        for table in _TABLES:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()


@contextmanager
def _safely() -> Iterator[None]:
    """Let DuckDB's errors through for the opener to translate, and Splink's out without their SQL."""
    try:
        yield
    except SplinkException as error:
        if isinstance(error.__cause__, duckdb.Error):
            raise error.__cause__ from None
        raise CommonwealError.of(
            "link-failed",
            "The linkage library could not score the records.",
            why="A fault of the model's settings or of the library; nothing was written.",
            next="Run again; if it fails again, report it with the versions `commonweal doctor` prints.",
        ) from None
