"""A deployment: one state's settings, documents and home directory.

Belongs here: reading `commonweal.toml`, and where the home's directories lie.
Does not: opening a store (opener), keys (privacy), or what the documents mean.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from data_sharing_agreements.errors import ErrorDetail, Invalid, UsageFault
from data_sharing_agreements.linkquality import DEFAULT_MAX_GAP

CONFIG_VARIABLE = "COMMONWEAL_CONFIG"
HOME_VARIABLE = "COMMONWEAL_HOME"
REGISTRY_VARIABLE = "COMMONWEAL_REGISTRY"
SESSION_VARIABLE = "COMMONWEAL_SESSION"

_DIRECTORIES = ("contracts", "agreements", "core", "marts", "indicators")
_LINK_LIMITS: Mapping[str, float] = {
    "full_after_increments": 60,
    "full_after_days": 92,
    "full_at_share": 0.2,
    "full_at_drift": 0.1,
}
"""Settings of when everything is linked again, and their defaults."""

_SECTIONS: dict[str, frozenset[str]] = {
    "deployment": frozenset({"name", "title", *_DIRECTORIES}),
    "home": frozenset({"path"}),
    "registry": frozenset({"url"}),
    "engine": frozenset({"threads", "memory_limit"}),
    "link": frozenset(
        {"agency_key", "engine", "purpose", "seed", "sources", "model", "approved_models", "unapproved"}
        | {"max_drift", "max_gap", *_LINK_LIMITS}
    ),
    "keys": frozenset({"provider", "command"}),
    "ends": frozenset({"automatic"}),
    "log": frozenset({"checkpoints"}),
    "review": frozenset({"mask", "size", "seed", "unseen"}),
    "scorecard": frozenset({"as_of"}),
}
_ACCOUNT = frozenset({"name", "role", "roles", "person", "party"})


_LINK_VALUES: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("engine", '"duckdb" or "spark"', lambda v: v in (None, "duckdb", "spark")),
    ("unapproved", '"use" or "refuse"', lambda v: v in (None, "use", "refuse")),
    ("max_gap", "a share from 0 to 1", lambda v: v is None or (type(v) in (int, float) and 0 <= v <= 1)),
    ("max_drift", "a number of bits", lambda v: v is None or (type(v) in (int, float) and v >= 0)),
    *(
        (name, "a number from 0 up", lambda v: v is None or (type(v) in (int, float) and v >= 0))
        for name in _LINK_LIMITS
    ),
    (
        "approved_models",
        "a list of digests",
        lambda v: v is None or (isinstance(v, list) and all(isinstance(d, str) for d in v)),
    ),
)
"""Settings of linkage that may be written wrong: name, what they are, the test."""


@dataclass(frozen=True)
class Account:
    """A local account made when the home is created; see the registry's for the words."""

    name: str
    role: str
    roles: tuple[str, ...] = ()
    person: str | None = None
    party: str | None = None


@dataclass(frozen=True)
class Review:
    """How uncertain links are reviewed.

    Args:
        mask: What a reviewer sees of a record's values: `pattern` (none), `initials`, or
            `none` (unmasked).
        size: About how many pairs a draw takes.
        seed: Of the order in which they are drawn.
        unseen: Assumed share of all pairs of one person that were never compared or kept.
    """

    mask: str = "pattern"
    size: int = 400
    seed: int = 1
    unseen: float = 0.01


@dataclass(frozen=True)
class Deployment:
    """One state's settings. Directories are absolute; nothing is opened here.

    Args:
        name: Short name, also of the home in messages.
        title: What pages call the state.
        root: Directory of `commonweal.toml`.
        config: The file itself.
        home: Runtime state; see `landing`, `reports`, `keys` and so on.
        contracts_dir, agreements_dir, core_dir, marts_dir, indicators_dir: Documents.
        registry_url: SQLAlchemy URL of the registry.
        threads: DuckDB threads.
        memory_limit: DuckDB memory, as DuckDB writes it (`8GB`).
        link_purpose: Purpose of the statewide spine.
        link_seed: Seed of every random choice in linkage.
        link_sources: Sources to link; empty means every source with a contract.
        link_engine: What compares pairs: `duckdb` or `spark`.
        agency_key: The hub's file of the key agreed with agencies that encode at home.
        link_model: A model of the deployment's own (JSON); none is the one shipped.
        approved_models: Digests of models approved by this deployment's settings; none means
            those shipped as approved.
        use_unapproved_models: Whether a model nobody has approved is used all the same, and
            said so everywhere, or the link is held.
        max_drift: How far a newly trained model may move from an approved one, in bits.
        full_link: When everything is linked again, by the name of the setting: after how many
            increments or days, at what share of records changed, at what drift.
        max_gap: Gap between two groups' link errors above which readers are warned.
        key_settings: Where role keys come from; see `privacy.key_providers`.
        end_automatically: Whether what ended and is overdue is destroyed without being asked for.
        review: How uncertain links are reviewed.
        checkpoints_cron: When checkpoints are made by themselves, as cron writes it.
        as_of: Day on which figures are judged stale; by default today. For a
            synthetic state, whose time stands still. Agreements know only today.
        accounts: Accounts to make at `init`.
    """

    name: str
    title: str
    root: Path
    config: Path
    home: Path
    contracts_dir: Path
    agreements_dir: Path
    core_dir: Path
    marts_dir: Path
    indicators_dir: Path
    registry_url: str
    threads: int = 2
    memory_limit: str = "8GB"
    link_purpose: str = "performance_management"
    link_seed: int = 1
    link_sources: tuple[str, ...] = ()
    link_engine: str = "duckdb"
    agency_key: Path | None = None
    link_model: Path | None = None
    approved_models: tuple[str, ...] = ()
    use_unapproved_models: bool = False
    max_drift: float = 1.0
    max_gap: float = DEFAULT_MAX_GAP
    full_link: Mapping[str, float] = field(default_factory=lambda: dict(_LINK_LIMITS))
    key_settings: Mapping[str, object] = field(default_factory=dict)
    end_automatically: bool = False
    review: Review = field(default_factory=Review)
    checkpoints_cron: str = "0 * * * *"
    as_of: date | None = None
    accounts: tuple[Account, ...] = field(default=())

    @classmethod
    def load(cls, config: Path | None = None, home: Path | None = None) -> Deployment:
        """Read a deployment's settings.

        Args:
            config: `commonweal.toml`; by default `COMMONWEAL_CONFIG`, else the
                file of that name in the working directory.
            home: Home directory; by default `COMMONWEAL_HOME`, else the file's.

        Raises:
            UsageFault: There is no such file.
            Invalid: The file is not what it should be; all faults at once.
        """
        path = Path(config or os.environ.get(CONFIG_VARIABLE) or "commonweal.toml").resolve()
        if not path.is_file():
            raise UsageFault.of(
                "no-configuration",
                f"There is no {path.name} at the place given.",
                why="A deployment is described by one TOML file.",
                next="Give its path with --config, or start in the directory that holds it.",
            )
        settings = _read(path)
        root = path.parent
        home_path = _home(settings, root, home)
        sections = {name: settings.get(name, {}) for name in _SECTIONS}
        return cls(
            name=sections["deployment"]["name"],
            title=sections["deployment"].get("title", sections["deployment"]["name"]),
            root=root,
            config=path,
            home=home_path,
            **{f"{d}_dir": root / sections["deployment"].get(d, d) for d in _DIRECTORIES},
            registry_url=registry_url_of(sections["registry"], home_path),
            threads=int(sections["engine"].get("threads", 2)),
            memory_limit=str(sections["engine"].get("memory_limit", "8GB")),
            link_purpose=sections["link"].get("purpose", "performance_management"),
            link_seed=int(sections["link"].get("seed", 1)),
            link_sources=tuple(sections["link"].get("sources", ())),
            link_engine=sections["link"].get("engine", "duckdb"),
            agency_key=_beside(root, sections["link"].get("agency_key")),
            **_linking(root, sections["link"]),
            key_settings=sections["keys"],
            end_automatically=sections["ends"].get("automatic") is True,
            review=Review(**sections["review"]),
            checkpoints_cron=str(sections["log"].get("checkpoints", "0 * * * *")),
            as_of=sections["scorecard"].get("as_of"),
            accounts=tuple(
                Account(a["name"], a["role"], tuple(a.get("roles", ())), a.get("person"), a.get("party"))
                for a in settings.get("accounts", ())
            ),
        )

    @property
    def keys_dir(self) -> Path:
        """Directory of the key ring."""
        return self.home / "keys"

    @property
    def landing(self) -> Path:
        """Where deliveries arrive unless a run is given another directory."""
        return self.home / "landing"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the log, kept outside the registry."""
        return self.home / "checkpoints"

    @property
    def reports(self) -> Path:
        """Self-contained HTML reports; never a value from a person's record."""
        return self.home / "reports"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance directory."""
        return self.home / "dagster"

    @property
    def hub_acts(self) -> Path:
        """Acts signed by the hub's own key: what was destroyed."""
        return self.home / "acts"

    @property
    def certificates(self) -> Path:
        """Signed certificates of what was destroyed."""
        return self.home / "certificates"

    @property
    def lock_path(self) -> Path:
        """The lock that every run takes."""
        return self.home / "lock"

    @property
    def session_path(self) -> Path:
        """Who is signed in on this machine; in a terminal that names a file of its own, who is there."""
        named = os.environ.get(SESSION_VARIABLE)
        return Path(named) if named else self.home / "session.json"

    @staticmethod
    def today() -> date:
        """The date on which agreements are judged, in UTC."""
        return datetime.now(UTC).date()

    def scorecard_date(self) -> date:
        """The date on which figures are judged stale: `as_of`, or today."""
        return self.as_of or self.today()


def _beside(root: Path, named: str | None) -> Path | None:
    """Return the path of a file named in the settings, relative to them."""
    return root / Path(named).expanduser() if named else None


def registry_url_of(settings: Mapping[str, Any], home: Path) -> str:
    """Return the address of a home's registry.

    Args:
        settings: The section `[registry]`; the environment's `COMMONWEAL_REGISTRY` comes
            first, because an address may hold a password. `{home}` in either stands
            for a name of the home, so that several homes may share one server.
        home: The home, for a SQLite file in it by default.
    """
    given = os.environ.get(REGISTRY_VARIABLE) or settings.get("url")
    if not given:
        return f"sqlite:///{home / 'registry.sqlite'}"
    named = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return str(given).replace("{home}", named)


def _linking(root: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is set of linkage models and of fairness."""
    return {
        "link_model": root / settings["model"] if settings.get("model") else None,
        "approved_models": tuple(settings.get("approved_models", ())),
        "use_unapproved_models": settings.get("unapproved") == "use",
        "max_drift": float(settings.get("max_drift", 1.0)),
        "max_gap": float(settings.get("max_gap", DEFAULT_MAX_GAP)),
        "full_link": {name: settings.get(name, value) for name, value in _LINK_LIMITS.items()},
    }


def _home(settings: dict[str, Any], root: Path, given: Path | None) -> Path:
    chosen = given or os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    return (root / Path(settings.get("home", {}).get("path", ".commonweal")).expanduser()).resolve()


def _read(path: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid.of(
            "invalid-configuration",
            f"{path.name} is not valid TOML: {error}",
            why="Settings are written in TOML.",
            next="Mend the line named.",
        ) from None
    Invalid.collect(_faults(path.name, settings))
    return settings


def _faults(name: str, settings: dict[str, Any]) -> list[ErrorDetail]:
    def fault(what: str, next_step: str) -> ErrorDetail:
        return ErrorDetail(
            "invalid-configuration", what, "docs/operations.md lists every setting.", next_step
        )

    faults = []
    for section, content in settings.items():
        if section == "accounts":
            faults += [
                fault(f"{name}: an account lacks `name` or `role`.", "Write both.")
                for account in content
                if not {"name", "role"} <= set(account)
            ]
            faults += [
                fault(
                    f"{name}: [[accounts]] {number} has no setting `{key}`.",
                    f"Use one of {sorted(_ACCOUNT)}.",
                )
                for number, account in enumerate(content, 1)
                for key in sorted(set(account) - _ACCOUNT)
            ]
        elif section not in _SECTIONS:
            faults.append(
                fault(f"{name}: there is no section [{section}].", f"Use one of {sorted(_SECTIONS)}.")
            )
        else:
            faults += [
                fault(
                    f"{name}: [{section}] has no setting `{key}`.",
                    f"Use one of {sorted(_SECTIONS[section])}.",
                )
                for key in sorted(set(content) - _SECTIONS[section])
            ]
    faults += [fault(f"{name}: [review] {what}.", then) for what, then in _review_faults(settings)]
    if not isinstance(settings.get("scorecard", {}).get("as_of", date.min), date):
        faults.append(fault(f"{name}: [scorecard] `as_of` is not a date.", "Write it as 2025-02-15."))
    faults += [
        fault(f"{name}: [link] `{key}` is not {wanted}.", f"Write {wanted}.")
        for key, wanted, good in _LINK_VALUES
        if not good(settings.get("link", {}).get(key))
    ]
    if not settings.get("deployment", {}).get("name"):
        faults.append(fault(f"{name}: [deployment] lacks `name`.", "Give the deployment a short name."))
    return faults


def _review_faults(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how uncertain links are reviewed, and what to write instead."""
    given = settings.get("review", {})
    if given.get("mask", "pattern") not in ("pattern", "initials", "none"):
        yield "`mask` is no policy", "Write pattern, initials or none."
    for key, least in (("size", 1), ("seed", 0)):
        if not isinstance(given.get(key, 1), int) or given.get(key, 1) < least:
            yield f"`{key}` is not a whole number from {least} up", "Write one."
    unseen = given.get("unseen", 0.0)
    if not isinstance(unseen, int | float) or not 0 <= unseen < 1:
        yield "`unseen` is not a share", "Write a number from 0 to below 1."
