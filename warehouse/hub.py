"""The hub: one process's view of a deployment, with the keys of its roles.

Belongs here: bringing together settings, contracts, agreements, registry, log,
gate, keys and opener. Does not: any step of the pipeline.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from data_sharing_agreements.documents import Agreements, load_agreements
from data_sharing_agreements.errors import ErrorDetail, Invalid, UsageFault
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.log import Log, check_anchor
from data_sharing_agreements.registry import Registry
from privacy.key_providers import provider_from
from privacy.keys import ALL_ROLES, KeyRing, Role, load_roster
from warehouse.contracts_loader import load_contracts
from warehouse.contracts_model import Contracts
from warehouse.deployment import Deployment
from warehouse.opener import Opener


@dataclass
class Hub:
    """Everything a step needs, opened with the keys of this process's roles.

    A hub is opened with all roles in the demonstration, and with one role in
    production; a step whose stores the roles may not open is refused.
    """

    deployment: Deployment
    contracts: Contracts
    agreements: Agreements
    registry: Registry
    log: Log
    gate: Gate
    keys: KeyRing
    opener: Opener

    @classmethod
    def init(cls, deployment: Deployment) -> dict[str, str]:
        """Create the home directory: keys, registry, accounts. Existing parts stay as they are.

        Returns:
            Passwords of the accounts made now, by name.
        """
        for directory in (deployment.home, deployment.landing, deployment.checkpoints, deployment.reports):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (deployment.keys_dir / "public.pem").exists() and not any(deployment.keys_dir.glob("*")):
            KeyRing.create(deployment.keys_dir)
        registry = Registry.create(deployment.registry_url)
        try:
            return _make_accounts(deployment, registry)
        finally:
            registry.close()

    @classmethod
    def open(cls, deployment: Deployment, roles: Collection[Role] = ALL_ROLES) -> Hub:
        """Open a deployment whose home exists.

        Raises:
            UsageFault: The home was never created.
            Invalid: A contract or agreement is faulty.
            IntegrityFault: The registry is older than, or not a continuation of,
                the last checkpoint kept outside it, its tables are not what the log
                says, or the clock went back.
        """
        if not deployment.keys_dir.is_dir():
            raise UsageFault.of(
                "no-home",
                "This deployment has no home directory yet.",
                why="Keys, registry and stores are kept in a home directory, which `init` creates.",
                next="Run `commonweal init`, or `commonweal run`, which does it first.",
            )
        contracts, agreements = _documents(deployment)
        keys = KeyRing.open(
            deployment.keys_dir, roles, provider_from(deployment.key_settings, deployment.keys_dir)
        )
        registry = Registry.open(deployment.registry_url)
        log = Log(registry, keys.signer())
        check_anchor(log, deployment.checkpoints)
        log.check_registry()
        opener = Opener(
            deployment.home,
            keys,
            registry.generations,
            memory_limit=deployment.memory_limit,
            threads=deployment.threads,
        )
        gate = Gate(agreements, log, deployment.today)
        return cls(deployment, contracts, agreements, registry, log, gate, keys, opener)

    def close(self) -> None:
        """Close the registry."""
        self.registry.close()

    def __enter__(self) -> Hub:
        """Return the hub itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the hub."""
        self.close()

    def reports(self, *parts: str) -> Path:
        """Path of a report below the home's `reports/`, its directory made."""
        path = self.deployment.reports.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _documents(deployment: Deployment) -> tuple[Contracts, Agreements]:
    """Load contracts and agreements, and raise the faults of both at once."""
    faults: list[ErrorDetail] = []
    contracts = agreements = None
    try:
        contracts = load_contracts(deployment.contracts_dir, deployment.core_dir)
    except Invalid as error:
        faults += error.details
    try:
        agreements = load_agreements(
            deployment.agreements_dir,
            hub_key=load_roster(deployment.keys_dir).signing_public,
            hub_acts=deployment.hub_acts,
        )
    except Invalid as error:
        faults += error.details
    Invalid.collect(faults)
    assert contracts is not None
    assert agreements is not None
    return contracts, agreements


def _make_accounts(deployment: Deployment, registry: Registry) -> dict[str, str]:
    known = {account.name for account in registry.accounts.all()}
    made = {}
    for account in deployment.accounts:
        if account.name in known:
            continue
        password = secrets.token_urlsafe(12)
        registry.accounts.create(
            account.name,
            password,
            account.role,
            roles=account.roles,
            person=account.person,
            party=account.party,
        )
        made[account.name] = password
    return made
