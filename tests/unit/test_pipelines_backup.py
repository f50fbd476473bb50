"""Backup and restore: everything but the keys, put back whole or not at all."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from data_sharing_agreements.errors import Busy, IntegrityFault, UsageFault
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from pipelines.backup import MANIFEST, back_up, put_back
from pipelines.lock import hold
from tests.registries import url_for_homes
from warehouse.deployment import Deployment


def deployment_in(directory: Path, home: str = "home") -> Deployment:
    config = directory / "commonweal.toml"
    config.write_text('[deployment]\nname = "tiny"\n')
    return Deployment.load(config, directory / home)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A home with a little of everything, its registry a file in it."""
    monkeypatch.delenv("COMMONWEAL_REGISTRY", raising=False)
    found = deployment_in(tmp_path)
    for name in ("keys/roles", "landing", "staging", "spill", "dagster", "marts/p", "checkpoints", "reports"):
        (found.home / name).mkdir(parents=True)
    for name in (
        "keys/roles/linker.key",
        "landing/sent.csv",
        "staging/d1.duckdb",
        "spill/x.tmp",
        "dagster/dagster.yaml",
        "marts/p/1.duckdb",
        "vault.duckdb",
        "checkpoints/1.json",
        "accounts.txt",
        "session.json",
    ):
        (found.home / name).write_bytes(name.encode())
    Registry.create(found.registry_url).close()
    registry = sqlite3.connect(found.home / "registry.sqlite")
    registry.execute("PRAGMA journal_mode = WAL")
    registry.execute("CREATE TABLE t(x)")
    registry.execute("INSERT INTO t VALUES (1)")
    registry.commit()
    registry.close()
    return found


def names(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


KEPT = {"marts/p/1.duckdb", "vault.duckdb", "checkpoints/1.json", "registry.sqlite"}


def test_stores_and_registry_are_copied_and_keys_are_not(deployment: Deployment, tmp_path: Path) -> None:
    manifest = back_up(deployment, tmp_path / "copy")
    assert names(tmp_path / "copy") == KEPT | {MANIFEST}
    assert {file["path"] for file in manifest["files"]} == KEPT


def test_the_registry_and_its_copy_know_of_the_backup(deployment: Deployment, tmp_path: Path) -> None:
    manifest = back_up(deployment, tmp_path / "copy", kept_until=date(2030, 6, 30))
    for url in (deployment.registry_url, f"sqlite:///{tmp_path / 'copy' / 'registry.sqlite'}"):
        with Registry.open(url) as registry:
            (known,) = registry.copies.backups()
        assert (known.id, known.kept_until, known.with_keys) == (manifest["id"], "2030-06-30", False)


def test_keys_go_where_they_are_told(deployment: Deployment, tmp_path: Path) -> None:
    back_up(deployment, tmp_path / "copy", tmp_path / "elsewhere")
    assert names(tmp_path / "elsewhere") == {"roles/linker.key"}


def test_keys_never_go_beside_what_they_open(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        back_up(deployment, tmp_path / "copy", tmp_path / "copy" / "keys")


def test_a_backup_is_not_mixed_with_another(deployment: Deployment, tmp_path: Path) -> None:
    back_up(deployment, tmp_path / "copy")
    with pytest.raises(UsageFault):
        back_up(deployment, tmp_path / "copy")


def test_not_while_a_run_goes(deployment: Deployment, tmp_path: Path) -> None:
    with hold(deployment.lock_path, "run"), pytest.raises(Busy):
        back_up(deployment, tmp_path / "copy")


def test_back_again(deployment: Deployment, tmp_path: Path) -> None:
    back_up(deployment, tmp_path / "copy", tmp_path / "elsewhere")
    other = deployment_in(tmp_path, "other")
    put_back(other, tmp_path / "copy", tmp_path / "elsewhere")
    assert names(other.home) == KEPT | {"keys/roles/linker.key", "lock"}
    registry = sqlite3.connect(other.home / "registry.sqlite")
    assert registry.execute("SELECT x FROM t").fetchall() == [(1,)]
    registry.close()
    assert (other.home / "vault.duckdb").stat().st_mode & 0o077 == 0


def test_not_without_keys(deployment: Deployment, tmp_path: Path) -> None:
    back_up(deployment, tmp_path / "copy")
    with pytest.raises(UsageFault) as refused:
        put_back(deployment_in(tmp_path, "other"), tmp_path / "copy")
    assert "lost" in refused.value.details[0].next


def test_not_over_stores(deployment: Deployment, tmp_path: Path) -> None:
    back_up(deployment, tmp_path / "copy")
    with pytest.raises(UsageFault) as refused:
        put_back(deployment, tmp_path / "copy")
    assert refused.value.details[0].code == "home-not-empty"


def test_a_changed_file_is_noticed_before_anything_is_put_back(
    deployment: Deployment, tmp_path: Path
) -> None:
    back_up(deployment, tmp_path / "copy", tmp_path / "elsewhere")
    (tmp_path / "copy" / "vault.duckdb").write_bytes(b"other")
    (tmp_path / "copy" / "marts" / "p" / "1.duckdb").unlink()
    other = deployment_in(tmp_path, "other")
    with pytest.raises(IntegrityFault) as refused:
        put_back(other, tmp_path / "copy", tmp_path / "elsewhere")
    assert len(refused.value.details) == 2
    assert not other.home.exists()


@pytest.mark.parametrize("manifest", [None, "not json", '{"files": [{"path": "../../x"}]}', "[]"])
def test_what_is_no_backup(manifest: str | None, deployment: Deployment, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    if manifest is not None:
        (tmp_path / "copy" / MANIFEST).write_text(manifest)
    with pytest.raises(UsageFault):
        put_back(deployment, tmp_path / "copy")


def test_a_registry_on_a_server_is_written_out_and_read_in(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_REGISTRY", url_for_homes())
    ours = Deployment.load(deployment.config, deployment.home)
    (ours.home / "registry.sqlite").unlink()
    with Registry.create(ours.registry_url) as registry:
        Log(registry, None).append("query", {"project": "p"})
    back_up(ours, tmp_path / "copy")
    assert "registry.jsonl" in names(tmp_path / "copy")
    other = Deployment.load(deployment.config, tmp_path / "other")
    put_back(other, tmp_path / "copy", ours.keys_dir)
    assert not (other.home / "registry.jsonl").exists()
    with Registry.open(other.registry_url) as registry:
        assert Log(registry, None).show(None)[0]["kind"] == "query"


def test_a_file_is_not_put_back_onto_a_server(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(deployment, tmp_path / "copy")
    monkeypatch.setenv("COMMONWEAL_REGISTRY", url_for_homes())
    with pytest.raises(UsageFault, match="backup-of-another-kind"):
        put_back(
            Deployment.load(deployment.config, tmp_path / "other"), tmp_path / "copy", deployment.keys_dir
        )
