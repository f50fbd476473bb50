"""Settings of a deployment: what is unknown is a fault, wherever it stands."""

from pathlib import Path

import pytest

from data_sharing_agreements.errors import Invalid
from warehouse.deployment import Deployment


def test_unknown_settings_are_told_at_once_also_of_an_account(tmp_path: Path) -> None:
    config = tmp_path / "commonweal.toml"
    config.write_text(
        '[deployment]\nname = "a"\ncolour = "blue"\n'
        '[[accounts]]\nname = "one"\nrole = "board"\n'
        '[[accounts]]\nname = "two"\nfoo = 1\n',
        encoding="utf-8",
    )
    with pytest.raises(Invalid) as caught:
        Deployment.load(config)
    said = [detail.what for detail in caught.value.details]
    assert said == [
        "commonweal.toml: [deployment] has no setting `colour`.",
        "commonweal.toml: an account lacks `name` or `role`.",
        "commonweal.toml: [[accounts]] 2 has no setting `foo`.",
    ]
