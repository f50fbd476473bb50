"""A registry written out and read in again, from one kind of database into the other."""

from __future__ import annotations

import json

import pytest

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.dump import dump, load
from tests.logs import Signer, filled
from tests.registries import KINDS, blank


@pytest.mark.parametrize("target", KINDS)
def test_what_was_written_out_is_read_in_whole(registry_url, target, tmp_path, shared):
    signer = Signer()
    with Registry.open(registry_url) as registry:
        registry.accounts.create("ann", "correct horse", "researcher")
        registry.runs.start("everything")
        log = filled(registry, signer)
        kept, root = log.checkpoint(), log.root
        dump(registry.database, tmp_path / "registry.jsonl")
    with Registry.open(blank(target, tmp_path, shared)) as other:
        load(other.database, tmp_path / "registry.jsonl")
        restored = Log(other, signer)
        assert restored.root == root
        assert restored.verify([kept]).ok
        restored.check_registry()
        assert other.accounts.authenticate("ann", "correct horse").role == "researcher"
        assert other.runs.start("again").id == 2
        assert restored.checkpoint()["size"] == restored.size
        with pytest.raises(UsageFault, match="registry-not-empty"):
            load(other.database, tmp_path / "registry.jsonl")


def test_every_row_is_one_line(registry_url, tmp_path):
    with Registry.open(registry_url) as registry:
        filled(registry, Signer())
        rows = dump(registry.database, tmp_path / "registry.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "registry.jsonl").read_text().splitlines()]
    assert len(lines) == rows
    assert [row["idx"] for name, row in lines if name == "log_entry"] == list(range(21))
