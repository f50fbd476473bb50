"""What the log says of each table that gives power: accounts, budgets, stops, stores, products.

Belongs here: for each such table, what its rows must be after the entries of the log,
and what they are. Does not: comparing the two (`replay.py`), or writing either.

A row says here only what the log said of it; a column the log does not speak of is
not compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from data_sharing_agreements.log.entries import canonical
from data_sharing_agreements.log.subjects_review import fold_reviews, fold_verdicts, reviews, verdicts
from data_sharing_agreements.store.schema import (
    account,
    budget,
    delivery,
    link_version,
    mart,
    session,
    store_generation,
)
from data_sharing_agreements.store.tables_ends import ending, legal_hold, mart_retraction
from data_sharing_agreements.store.tables_governance import account_holder, account_role, stop
from data_sharing_agreements.store.tables_models import link_model
from data_sharing_agreements.store.tables_restrictions import restriction_notice

Rows = dict[str, dict[str, Any]]
"""What is known of a table: its rows by a key, each with what is known of it."""

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """A table that is held to the log.

    Args:
        name: What a fault calls it.
        kinds: Kinds of the entries that speak of it.
        fold: Changes the rows as an entry says, given its time and body.
        actual: The rows as the table has them.
        may_lack: Whether rows may be missing, because they end by themselves.
    """

    name: str
    kinds: frozenset[str]
    fold: Callable[[Rows, str, Body], None]
    actual: Callable[[Connection], Rows]
    may_lack: bool = False


def digest_of(value: object) -> str:
    """Return the SHA-256 (hex) of a value's canonical text, which stands for it in the log."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _read(table: Table, key: Callable[[Row[Any]], str], *names: str) -> Callable[[Connection], Rows]:
    """Return a reader of whole rows, some columns of each."""

    def actual(connection: Connection) -> Rows:
        rows = connection.execute(select(table)).all()
        return {key(row): {name: row._mapping[name] for name in names} for row in rows}

    return actual


def _said(body: Body, *names: str) -> dict[str, Any]:
    """Return what a body says of some columns; None and what is absent says nothing."""
    return {name: body[name] for name in names if body.get(name) is not None}


def _account(rows: Rows, _at: str, body: Body) -> None:
    act, name = body.get("act"), str(body.get("account"))
    if act == "created":
        rows[name] = {
            "disabled": False,
            **_said(body, "role", "credential", "person", "party"),
            **_held(body),
        }
    elif act == "disabled" and name in rows:
        rows[name]["disabled"] = True
    elif act in ("roles", "password changed") and name in rows:
        rows[name] |= _said(body, "credential") | _held(body)


def _held(body: Body) -> dict[str, Any]:
    return {"roles": sorted(body["roles"])} if body.get("roles") else {}


def _accounts(connection: Connection) -> Rows:
    roles: dict[str, list[str]] = {}
    for row in connection.execute(select(account_role).order_by(account_role.c.role)).all():
        roles.setdefault(row.account, []).append(row.role)
    whole = select(account, account_holder.c.person, account_holder.c.party).outerjoin(account_holder)
    return {
        row.name: {
            "role": row.role,
            "roles": roles.get(row.name),
            "person": row.person,
            "party": row.party,
            "disabled": row.disabled,
            "credential": digest_of(row.password),
        }
        for row in connection.execute(whole).all()
    }


def _session(rows: Rows, at: str, body: Body) -> None:
    """Follow sessions as the registry does: one that opens sweeps out those that ended."""
    for token in [t for t, row in rows.items() if row["expires_at"] <= at]:
        del rows[token]
    act, name = body.get("act"), body.get("account")
    if act == "opened" and body.get("session"):
        rows[str(body["session"])] = {"account": name, "expires_at": body["expires_at"]}
    elif act == "closed" and body.get("session"):
        rows.pop(str(body["session"]), None)
    elif act == "disabled":
        for token in [t for t, row in rows.items() if row["account"] == name]:
            del rows[token]


def _budget(rows: Rows, _at: str, body: Body) -> None:
    rows[f"{body['project']}/{body['account']}"] = {"spent": body["spent"]}


def _generation(rows: Rows, _at: str, body: Body) -> None:
    store, act = str(body["store"]), body["act"]
    state = {"generation": body.get("generation"), "nonce": body.get("nonce")}
    if act == "forgotten":
        rows.pop(store, None)
    elif act == "begun":
        before = rows.setdefault(store, {"generation": None, "nonce": None})
        before |= {f"pending_{name}": value for name, value in state.items()}
    else:
        rows[store] = state | {"pending_generation": None, "pending_nonce": None}


def _link_version(rows: Rows, _at: str, body: Body) -> None:
    rows[str(body["version"])] = _said(body, "model", "thresholds", "input_hash", "records", "persons")


def _model(rows: Rows, _at: str, body: Body) -> None:
    rows[str(body["model"])] = _said(body, "settings", "state", "card")


def _models(connection: Connection) -> Rows:
    return {
        row.digest: {"settings": row.settings, "state": row.state, "card": digest_of(row.card)}
        for row in connection.execute(select(link_model)).all()
    }


def _mart(rows: Rows, _at: str, body: Body) -> None:
    key = f"{body['project']}/{body['mart']}/{body['version']}"
    if body.get("act") == "retract":
        return
    rows[key] = _said(body, "path", "link_version", "codebook")
    rows[key]["obligations"] = digest_of(body["obligations"])


def _marts(connection: Connection) -> Rows:
    return {
        f"{row.project}/{row.mart}/{row.version}": {
            "path": row.path,
            "link_version": row.link_version,
            "obligations": digest_of(row.obligations),
            "codebook": digest_of(row.codebook),
        }
        for row in connection.execute(select(mart)).all()
    }


def _retraction(rows: Rows, _at: str, body: Body) -> None:
    if body.get("act") == "retract":
        rows[f"{body['project']}/{body['mart']}/{body['version']}"] = {}


def _retractions(connection: Connection) -> Rows:
    query = select(mart).join(mart_retraction, mart_retraction.c.mart == mart.c.id)
    return {f"{row.project}/{row.mart}/{row.version}": {} for row in connection.execute(query).all()}


def _purge(rows: Rows, _at: str, body: Body) -> None:
    rows[str(body["purge"])] = _said(body, "state", "document", "source")


def _hold(rows: Rows, _at: str, body: Body) -> None:
    if body.get("act") == "set":
        rows[str(body["hold"])] = {}
    elif body.get("act") == "lift":
        rows.pop(str(body["hold"]), None)


def _holds(connection: Connection) -> Rows:
    standing = connection.execute(select(legal_hold.c.id).where(legal_hold.c.lifted_at.is_(None)))
    return {hold: {} for hold in standing.scalars().all()}


def _notice(rows: Rows, _at: str, body: Body) -> None:
    rows[f"{body['source']}/{body['sha256']}"] = {"state": body["act"], **_said(body, "sequence")}


def _delivery(rows: Rows, _at: str, body: Body) -> None:
    rows.setdefault(str(body["delivery"]), {}).update(_said(body, "source", "period", "state", "sha256"))


def _stop_key(document: object, party: object, incident: object) -> str:
    return canonical([document, party, incident])


def _stop(rows: Rows, _at: str, body: Body) -> None:
    key = _stop_key(body.get("document"), body.get("party"), body.get("incident"))
    if body.get("act") == "placed":
        rows[key] = {"start": body.get("start"), "until": body.get("until")}
    elif body.get("act") == "lifted":
        rows.pop(key, None)


def _stops(connection: Connection) -> Rows:
    standing = connection.execute(select(stop).where(stop.c.ended_at.is_(None))).all()
    return {
        _stop_key(row.document, row.party, row.incident): {"start": row.start, "until": row.until}
        for row in standing
    }


def _kinds(*names: str) -> frozenset[str]:
    return frozenset(names)


SUBJECTS: tuple[Subject, ...] = (
    Subject("account", _kinds("account"), _account, _accounts),
    Subject(
        "session",
        _kinds("session", "account"),
        _session,
        _read(session, lambda row: str(row.token_hash), "account", "expires_at"),
        may_lack=True,
    ),
    Subject(
        "budget",
        _kinds("budget"),
        _budget,
        _read(budget, lambda row: f"{row.project}/{row.account}", "spent"),
    ),
    Subject(
        "generation",
        _kinds("generation"),
        _generation,
        _read(
            store_generation,
            lambda row: str(row.store),
            "generation",
            "nonce",
            "pending_generation",
            "pending_nonce",
        ),
    ),
    Subject(
        "link version",
        _kinds("link-version"),
        _link_version,
        _read(
            link_version,
            lambda row: str(row.version),
            "model",
            "thresholds",
            "input_hash",
            "records",
            "persons",
        ),
    ),
    Subject("linkage model", _kinds("model"), _model, _models),
    Subject("mart", _kinds("mart"), _mart, _marts),
    Subject(
        "delivery",
        _kinds("delivery"),
        _delivery,
        _read(delivery, lambda row: str(row.id), "source", "period", "state", "sha256"),
    ),
    Subject("stop", _kinds("stop"), _stop, _stops),
    Subject("retraction", _kinds("mart"), _retraction, _retractions),
    Subject(
        "purge",
        _kinds("purge"),
        _purge,
        _read(ending, lambda row: str(row.id), "state", "document", "source"),
    ),
    Subject(
        "restriction notice",
        _kinds("restriction"),
        _notice,
        _read(restriction_notice, lambda row: f"{row.source}/{row.sha256}", "state", "sequence"),
    ),
    Subject("legal hold", _kinds("hold"), _hold, _holds),
    Subject("review", _kinds("review"), fold_reviews, reviews),
    Subject("verdict", _kinds("review"), fold_verdicts, verdicts),
)
"""Every table that is held to the log. A new table that gives power belongs here."""


def kinds_of(subjects: Iterable[Subject]) -> frozenset[str]:
    """Return the kinds of entries that speak of some table; their bodies may not be erased."""
    return frozenset().union(*(subject.kinds for subject in subjects))


KEPT = kinds_of(SUBJECTS)
"""Kinds whose bodies the registry is held to."""
