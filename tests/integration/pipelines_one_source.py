"""A deployment of one source, small enough to run in seconds.

Belongs here: making it. Does not: assertions.
"""

import shutil
from pathlib import Path

from warehouse.deployment import Deployment

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "hca_medicaid"
REFERENCE = Deployment.load(ROOT / "commonweal.toml", Path("unused"))


def one_source(directory: Path, evergreen: Path) -> Deployment:
    """A deployment of Medicaid alone, with three deliveries in its landing directory.

    Its agreements are a copy of the reference deployment's, for a test to change.
    """
    contract = next(REFERENCE.contracts_dir.rglob(f"{SOURCE}.yaml"))
    (directory / "contracts").mkdir(parents=True)
    shutil.copy(contract, directory / "contracts")
    shutil.copytree(REFERENCE.agreements_dir, directory / "agreements")
    for name in ("marts", "indicators"):
        (directory / name).mkdir()
    config = directory / "commonweal.toml"
    config.write_text(
        '[deployment]\nname = "one-source"\n'
        f'core = "{REFERENCE.core_dir}"\n'
        f'[link]\npurpose = "{REFERENCE.link_purpose}"\n'
        '[[accounts]]\nname = "someone"\nrole = "board"\n'
    )
    deployment = Deployment.load(config, directory / "home")
    deployment.landing.mkdir(parents=True)
    for path in (evergreen / "landing").rglob("MEDICAID_*_2023-0[123].psv"):
        shutil.copy(path, deployment.landing)
    return deployment
