"""Accounts and sessions: who asks is known from signing in, never from an argument.

Belongs here: names, roles, whose accounts they are, the lock after repeated failures,
session tokens. Does not: what an account may do, which is for the agreements to say,
or which roles one human may hold together (`separation.py`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.log.subjects import digest_of
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.registry.passwords import hashed, matches
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, moment_of, text_of
from data_sharing_agreements.store.schema import account, session
from data_sharing_agreements.store.tables_governance import account_holder, account_role

MOST_FAILURES = 5
"""Wrong passwords in a row after which an account is locked."""

LOCKED_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=8)

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in.

    Args:
        name: The account's own name.
        role: What it was first made for.
        created_at: When.
        disabled: Whether it is closed for good.
        roles: Every role it holds, `role` among them, in order of name.
        person: The one human whose account it is; several accounts may be one human's.
        party: The agency or other body the human acts for, if it is one of the parties.
    """

    name: str
    role: str
    created_at: str
    disabled: bool = False
    roles: tuple[str, ...] = ()
    person: str = ""
    party: str | None = None


@dataclass(frozen=True)
class Session:
    """An open session; its token is known to its holder only."""

    account: str
    opened_at: str
    expires_at: str


class Accounts:
    """The accounts of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(
        self,
        name: str,
        password: str,
        role: str,
        audit: AuditEvent | None = None,
        *,
        roles: Iterable[str] = (),
        person: str | None = None,
        party: str | None = None,
    ) -> Account:
        """Make an account.

        Args:
            name, password, role: Its name, how it is opened, what it is for.
            audit: More for the log.
            roles: Further roles it holds.
            person: The human whose it is; by default nobody else's, named as the account.
            party: The body that human acts for.

        Raises:
            UsageFault: The name is taken, or name, person or roles are not lower-case
                words, or the password is empty.
        """
        held, human = _roles(role, roles), person or name
        if not (all(map(_NAME.fullmatch, (name, human))) and password):
            raise _invalid()
        secret = hashed(password)
        with self._database.writing() as connection:
            if _account(connection, name) is not None:
                raise UsageFault.of(
                    "account-exists",
                    "An account of this name exists already.",
                    why="One name stands for one person in the log.",
                    next="Choose another name.",
                )
            at = text_of(self._clock())
            connection.execute(
                insert(account).values(
                    name=name, role=role, password=secret, created_at=at, disabled=False, failures=0
                )
            )
            connection.execute(insert(account_holder).values(account=name, person=human, party=party))
            connection.execute(insert(account_role), [{"account": name, "role": each} for each in held])
            facts: dict[str, Any] = {"account": name, "role": role, "act": "created", "person": human}
            facts["credential"] = digest_of(secret)
            facts |= {"roles": list(held), "party": party}
            write_down(connection, self._clock, "account", facts, audit)
        return Account(name, role, at, roles=held, person=human, party=party)

    def set_roles(self, name: str, roles: Iterable[str], audit: AuditEvent | None = None) -> Account:
        """Give an account these roles in place of those it has.

        Raises:
            UsageFault: There is none of that name, a role is not a lower-case word, or
                none is left.
        """
        held = _roles(*roles)
        with self._database.writing() as connection:
            if _account(connection, name) is None:
                raise _no_account()
            connection.execute(delete(account_role).where(account_role.c.account == name))
            connection.execute(insert(account_role), [{"account": name, "role": each} for each in held])
            facts = {"account": name, "act": "roles", "roles": list(held)}
            write_down(connection, self._clock, "account", facts, audit)
        return self.get(name)

    def authenticate(self, name: str, password: str) -> Account:
        """Return the account if the password is right.

        A wrong name costs as much time as a wrong password and is answered alike.

        Raises:
            Refused: Wrong, disabled, or locked after repeated failures.
        """
        with self._database.reading() as connection:
            row = _account(connection, name)
        right = matches(password, row.password if row is not None else _decoy())
        now = self._clock()
        if row is not None and row.locked_until is not None and now < moment_of(row.locked_until):
            raise Refused.of(
                "account-locked",
                "This account is locked after repeated failures.",
                why="A lock makes guessing slow.",
                next=f"Wait {int(LOCKED_FOR.total_seconds() // 60)} minutes and try again.",
            )
        if row is None or not right or row.disabled:
            if row is not None and not row.disabled:
                self._failed(name)
            raise Refused.of(
                "sign-in-failed",
                "The name or the password is wrong.",
                why="An account is opened by its password.",
                next="Try again, or ask an administrator for a new password.",
            )
        self._succeeded(row)
        return self.get(name)

    def disable(self, name: str, audit: AuditEvent | None = None) -> None:
        """Close an account for good, and its sessions with it.

        Raises:
            UsageFault: There is none of that name.
        """
        with self._database.writing() as connection:
            changed = connection.execute(update(account).where(account.c.name == name).values(disabled=True))
            if changed.rowcount == 0:
                raise _no_account()
            connection.execute(delete(session).where(session.c.account == name))
            write_down(connection, self._clock, "account", {"account": name, "act": "disabled"}, audit)

    def get(self, name: str) -> Account:
        """Return an account.

        Raises:
            UsageFault: There is none of that name.
        """
        with self._database.reading() as connection:
            row = _account(connection, name)
            if row is None:
                raise _no_account()
            return _public(connection, row)

    def all(self) -> list[Account]:
        """Return every account by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(account).order_by(account.c.name)).all()
            return [_public(connection, row) for row in rows]

    def _failed(self, name: str) -> None:
        """Count a failure where no other process can count at the same time."""
        with self._database.writing() as connection:
            failures = int(getattr(_account(connection, name), "failures", 0)) + 1
            values: dict[str, Any] = {"failures": failures}
            if failures >= MOST_FAILURES:
                values = {"failures": 0, "locked_until": text_of(self._clock() + LOCKED_FOR)}
                facts = {"account": name, "act": "locked"}
                write_down(connection, self._clock, "account", facts, None)
            else:
                facts = {"account": name, "act": "sign-in refused"}
                write_down(connection, self._clock, "account", facts, None)
            connection.execute(update(account).where(account.c.name == name).values(**values))

    def _succeeded(self, row: Row[Any]) -> None:
        if row.failures or row.locked_until is not None:
            with self._database.writing() as connection:
                values = {"failures": 0, "locked_until": None}
                connection.execute(update(account).where(account.c.name == row.name).values(**values))


class Sessions:
    """The open sessions of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, name: str, audit: AuditEvent | None = None) -> str:
        """Open a session for an account that has authenticated; return its token."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self._database.writing() as connection:
            row = _account(connection, name)
            if row is None or row.disabled:
                raise _no_account()
            connection.execute(delete(session).where(session.c.expires_at <= text_of(now)))
            connection.execute(
                insert(session).values(
                    token_hash=_hash(token),
                    account=name,
                    opened_at=text_of(now),
                    expires_at=text_of(now + SESSION_LASTS),
                )
            )
            facts = {
                "account": name,
                "act": "opened",
                "session": _hash(token),
                "expires_at": text_of(now + SESSION_LASTS),
            }
            write_down(connection, self._clock, "session", facts, audit)
        return token

    def who(self, token: str) -> Account | None:
        """Return the account of a session that is open, or None."""
        query = (
            select(account)
            .join(session, session.c.account == account.c.name)
            .where(session.c.token_hash == _hash(token), session.c.expires_at > text_of(self._clock()))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None or row.disabled else _public(connection, row)

    def close(self, token: str, audit: AuditEvent | None = None) -> None:
        """End a session. Ending it twice does no harm."""
        with self._database.writing() as connection:
            query = delete(session).where(session.c.token_hash == _hash(token)).returning(session.c.account)
            name = connection.execute(query).scalar_one_or_none()
            if name is not None:
                facts = {"account": name, "act": "closed", "session": _hash(token)}
                write_down(connection, self._clock, "session", facts, audit)

    def all(self) -> list[Session]:
        """Return the open sessions, newest last."""
        query = select(session).where(session.c.expires_at > text_of(self._clock()))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(session.c.opened_at)).all()
        return [Session(row.account, row.opened_at, row.expires_at) for row in rows]


@cache
def _decoy() -> str:
    """A hash nobody has the password of, so that an unknown name takes as long as a known one."""
    return hashed(secrets.token_hex(16))


def _account(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(account).where(account.c.name == name)).one_or_none()


def _public(connection: Connection, row: Row[Any]) -> Account:
    holder = connection.execute(
        select(account_holder).where(account_holder.c.account == row.name)
    ).one_or_none()
    query = select(account_role.c.role).where(account_role.c.account == row.name)
    roles = tuple(connection.execute(query.order_by(account_role.c.role)).scalars())
    return Account(
        row.name,
        row.role,
        row.created_at,
        row.disabled,
        roles,
        holder.person if holder is not None else row.name,
        holder.party if holder is not None else None,
    )


def _roles(*named: str | Iterable[str]) -> tuple[str, ...]:
    """Return roles in order, each once.

    Raises:
        UsageFault: There is none, or one is not a lower-case word.
    """
    flat = [one for part in named for one in ((part,) if isinstance(part, str) else part)]
    if not flat or not all(_ROLE.fullmatch(one) for one in flat):
        raise _invalid()
    return tuple(sorted(set(flat)))


def _invalid() -> UsageFault:
    return UsageFault.of(
        "account-invalid",
        "An account needs a lower-case name, a lower-case role and a password.",
        why="Names of accounts stand in licenses and in the log.",
        next="Use letters, digits and hyphens; in a role, underscores too.",
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _no_account() -> UsageFault:
    return UsageFault.of(
        "no-such-account",
        "There is no such account.",
        why="Only an account can sign in.",
        next="Make the account first.",
    )
