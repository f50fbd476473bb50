"""Data of known truth as a vault and a table of truth, for measuring how well records are linked.

Belongs here: how each data set becomes `vault.duckdb`, which also holds `main.truth` (key,
person). Does not: linking or scoring (accuracy.py). Deliveries of a deployment go through its
ingestion; the small public files have no contract and are written into the vault as they are.

The public data lie in the directory the environment variable COMMONWEAL_DATA names.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.simulated import default_cache, town
from privacy.vault import IDENTIFIER_ROLES, VAULT_DDL
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.ingest import discover, ingest_pending, register
from warehouse.opener import Store
from warehouse.synthetic import generate

ROOT = Path(__file__).resolve().parents[1]
EVERGREEN = ROOT / "commonweal.toml"
ANYTOWN = ROOT / "examples" / "anytown" / "commonweal.toml"
MONTHS, SEED = 24, 2023

_FEBRL = {
    "given_name": "given_name", "surname": "surname", "street_number": "street_number",
    "address_1": "street", "postcode": "zip", "date_of_birth": "birth_date", "number": "ssn",
}  # fmt: skip
_HISTORICAL = {
    "first_name": "given_name", "surname": "surname", "dob": "birth_date", "postcode_fake": "street",
    "occupation": "employer",
}  # fmt: skip
_FAKE = {"first_name": "given_name", "surname": "surname", "dob": "birth_date", "email": "email"}


def data_directory() -> Path | None:
    """Return the directory of the public data, None if there is none."""
    named = os.environ.get("COMMONWEAL_DATA")
    return Path(named) if named and Path(named).is_dir() else None


def opened(place: Path, *, write: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection in memory with the vault of a data set, and what linkage reads of it."""
    connection = duckdb.connect(
        config={"threads": 2, "memory_limit": "6GB", "temp_directory": str(place / "spill")}
    )
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute(
        f"ATTACH '{place / 'vault.duckdb'}' AS vault {'' if write else '(READ_ONLY)'}"
    ).fetchall()
    if not write:
        connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    return connection


def from_deliveries(place: Path, config: Path, landing: Path, truth: Path) -> None:
    """Ingest deliveries in a home of their own, and copy what came to the vault.

    Args:
        place: Directory that gets `vault.duckdb`.
        config: The deployment's.
        landing: Its deliveries.
        truth: CSV of source, record_id, person_id.
    """
    deployment = Deployment.load(config, place / "home")
    Hub.init(deployment)
    with Hub.open(deployment) as hub:
        register(hub, discover(hub, landing))
        for source in hub.contracts.sources:
            list(ingest_pending(hub, source))
        with hub.opener.session(read=[Store.vault()]) as session:
            raw, rows = session.raw, place / "rows.parquet"
            raw.execute(f"COPY (FROM vault.current_identity) TO '{rows}'").fetchall()
            raw.execute(
                f"""COPY (SELECT x.key, t.person_id AS person, t.* EXCLUDE (source, record_id, person_id)
                    FROM read_csv('{truth}', all_varchar = true) t
                    JOIN vault.crosswalk x ON x.namespace = t.source AND x.source_id = t.record_id)
                    TO '{place / "truth.parquet"}'"""
            ).fetchall()
    connection = opened(place, write=True)
    connection.execute("USE vault").fetchall()
    connection.execute(VAULT_DDL).fetchall()
    connection.execute(f"INSERT INTO vault.identity BY NAME FROM '{rows}'").fetchall()
    connection.execute(f"CREATE TABLE vault.truth AS FROM '{place / 'truth.parquet'}'").fetchall()
    _deliveries(connection)


def evergreen(place: Path, people: int, noise: float = 1.0, seed: int = SEED) -> None:
    """Make the synthetic state and ingest it."""
    generate(people, seed, MONTHS, place / "state", noise=noise)
    from_deliveries(place, EVERGREEN, place / "state" / "landing", place / "state" / "truth" / "records.csv")


def anytown(place: Path, data: Path | None) -> None:
    """Ingest the five agencies' files of the invented town, the public ones or the simulator's."""
    files = data / "anytown" if data else town(default_cache())
    from_deliveries(place, ANYTOWN, files / "extracts", files / "truth.csv")


def febrl(place: Path, data: Path) -> None:
    """Load FEBRL 4: five thousand people in two files; the number's seven digits are written as nine."""
    frames = []
    for letter in "ab":
        frame = pd.read_csv(
            data / "linkage" / f"dataset4{letter}.csv", dtype=str, skipinitialspace=True
        ).assign(source=letter)
        frames.append(frame)
    every = pd.concat(frames, ignore_index=True)
    every["person"] = every["rec_id"].str.split("-").str[1]
    digits = every["soc_sec_id"].str.zfill(7)
    every["number"] = "1" + digits.str[:2] + "1" + digits.str[2:]
    _from_frame(place, every, _FEBRL)


def historical(place: Path, data: Path) -> None:
    """Load fifty thousand records of historical persons, several each, with errors."""
    every = pd.read_parquet(data / "linkage" / "historical_figures_with_errors_50k.parquet")
    _from_frame(place, every.rename(columns={"cluster": "person"}), _HISTORICAL)


def fake(place: Path, data: Path) -> None:
    """Load a thousand invented records."""
    every = pd.read_csv(data / "linkage" / "fake_1000.csv", dtype=str)
    _from_frame(place, every.rename(columns={"cluster": "person"}), _FAKE)


def _from_frame(place: Path, frame: pd.DataFrame, roles: dict[str, str]) -> None:
    """Write the columns that have a role into a new vault; dates keep their digits alone."""
    known = {name: role for name, role in roles.items() if name in frame}
    data = frame[list(known)].rename(columns=known).apply(lambda values: values.astype("string").str.strip())
    data = data.mask(data == "")
    data["birth_date"] = data["birth_date"].str.replace("-", "")
    data["source"] = frame.get("source", "file")
    data["record_key"] = range(len(data))
    data["delivery_id"], data["period"] = data["source"], "all"
    truth = pd.DataFrame({"key": data["record_key"], "person": frame["person"].astype(str)})
    assert set(known.values()) <= set(IDENTIFIER_ROLES)
    connection = opened(place, write=True)
    connection.execute("USE vault").fetchall()
    connection.execute(VAULT_DDL).fetchall()
    connection.register("made", data)
    connection.register("told", truth)
    connection.execute("INSERT INTO vault.identity BY NAME FROM made").fetchall()
    connection.execute("CREATE TABLE vault.truth AS FROM told").fetchall()
    _deliveries(connection)


def _deliveries(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """INSERT INTO vault.current_delivery BY NAME
            SELECT DISTINCT delivery_id, source, period FROM vault.identity"""
    ).fetchall()
    connection.close()
