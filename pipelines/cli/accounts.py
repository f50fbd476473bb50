"""`commonweal login`, `logout`, `whoami`, `account add|role`: who is at the keyboard.

Belongs here: reading a password without showing it, keeping the session. Does
not: checking a password (the registry).
"""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from data_sharing_agreements.registry import Account
    from warehouse.hub import Hub

MINIMUM_LENGTH = 10

ROLES = frozenset(
    {"researcher", "analyst", "reviewer", "board", "custodian", "auditor", "linker", "operator"}
)
"""Roles the program itself or its reference documents know; documents may name others."""


def read_password(prompt: str, *, confirm: bool = False) -> str:
    """Return a password typed unseen, or one line of standard input when that is no terminal.

    Raises:
        UsageFault: There is none.
    """
    from data_sharing_agreements.errors import UsageFault

    if sys.stdin.isatty():
        password: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageFault.of(
            "no-password",
            "No password was given.",
            why="An account is opened by its password.",
            next="Type it at the prompt, or give it on standard input.",
        )
    return password


@click.command()
@click.argument("name")
@json_option
@click.pass_obj
def login(context: Context, name: str, as_json: bool) -> None:
    """Sign in as NAME. The password is prompted for, or read from standard input."""
    from pipelines.session import write_token

    password = read_password(f"Password of {name}")
    with context.hub() as hub:
        account = hub.registry.accounts.authenticate(name, password)
        write_token(hub.deployment.session_path, hub.registry.sessions.open(account.name))
    payload = {"schema": "commonweal/login/1", "account": account.name, "role": account.role}
    emit(payload, as_json=as_json, people=lambda: say(f"Signed in as {account.name} ({account.role})."))


@click.command()
@json_option
@click.pass_obj
def logout(context: Context, as_json: bool) -> None:
    """Sign out. Doing it twice does no harm."""
    from pipelines.session import read_token

    with context.hub() as hub:
        token = read_token(hub.deployment.session_path)
        if token:
            hub.registry.sessions.close(token)
        hub.deployment.session_path.unlink(missing_ok=True)
    emit({"schema": "commonweal/logout/1"}, as_json=as_json, people=lambda: say("Signed out."))


@click.command()
@json_option
@click.pass_obj
def whoami(context: Context, as_json: bool) -> None:
    """Say who is signed in."""
    from pipelines.session import signed_in

    with context.hub() as hub:
        account = signed_in(hub)
        projects = [dul.project for dul in hub.agreements.duls if dul.recipient(account.name) is not None]
    payload = {
        "schema": "commonweal/whoami/1",
        "account": account.name,
        "role": account.role,
        "roles": list(account.roles),
        "party": account.party,
        "projects": projects,
    }
    roles = ", ".join(account.roles) + (f" for {account.party}" if account.party else "")
    text = f"{account.name} ({roles}); projects: {', '.join(projects) or 'none'}"
    emit(payload, as_json=as_json, people=lambda: say(text))


@click.group()
def account() -> None:
    """Accounts of this deployment."""


@account.command()
@click.argument("name")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    help="What the account is for: researcher, analyst, reviewer, board, custodian; several, if need be.",
)
@click.option("--person", help="The human whose it is, by a slug, if the human has other accounts.")
@click.option("--party", help="The agency or other party of the memorandum the human acts for.")
@json_option
@click.pass_obj
def add(
    context: Context, name: str, roles: tuple[str, ...], person: str | None, party: str | None, as_json: bool
) -> None:
    """Make the account NAME. What it may do is for the agreements to say, not its role alone.

    Roles that the memorandum keeps apart are refused to one human, in one account or
    in several.
    """
    from data_sharing_agreements.errors import UsageFault
    from data_sharing_agreements.registry import AuditEvent

    password = read_password(f"New password of {name}", confirm=True)
    if len(password) < MINIMUM_LENGTH:
        raise UsageFault.of(
            "password-too-short",
            f"The password has fewer than {MINIMUM_LENGTH} characters.",
            why="A short password is guessed.",
            next="Choose a longer one.",
        )
    with context.hub() as hub:
        _check_party(hub, party)
        _check_spelling(hub, roles)
        audit = AuditEvent(summary=_checked_by(hub, person or name, roles, hub.registry.accounts.all()))
        made = hub.registry.accounts.create(
            name, password, roles[0], audit, roles=roles[1:], person=person, party=party
        )
    _tell(made, "Made", as_json=as_json)


@account.command()
@click.argument("name")
@click.option("--role", "roles", required=True, multiple=True, help="Each role it is to have from now on.")
@json_option
@click.pass_obj
def role(context: Context, name: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Give the account NAME these roles in place of those it has. Nobody gives them to themselves."""
    from data_sharing_agreements.registry import AuditEvent
    from pipelines.session import signed_in

    with context.hub() as hub:
        signed_in(hub)
        _check_spelling(hub, roles)
        accounts = hub.registry.accounts
        others = [one for one in accounts.all() if one.name != name]
        audit = AuditEvent(summary=_checked_by(hub, accounts.get(name).person, roles, others))
        changed = accounts.set_roles(name, roles, audit)
    _tell(changed, "Changed", as_json=as_json)


def _checked_by(hub: "Hub", person: str, roles: tuple[str, ...], others: "list[Account]") -> dict[str, str]:
    """Return who is signed in, once these roles may be given to that human by them.

    Raises:
        Refused: The memorandum keeps the roles apart, or somebody gives them to themselves.
    """
    from data_sharing_agreements.separation import check_roles, check_two_humans
    from pipelines.session import read_token

    check_roles(hub.agreements.emou, others, person, roles, hub.deployment.today())
    token = read_token(hub.deployment.session_path)
    actor = hub.registry.sessions.who(token) if token else None
    if actor is None:
        return {}
    check_two_humans(actor, replace(actor, person=person), "give roles to themselves", hub.agreements.emou)
    return {"actor": actor.name}


def _check_spelling(hub: "Hub", roles: tuple[str, ...]) -> None:
    """Raise if a role is one letter or two from one that something asks for, and is not it.

    Roles are for the documents to name, so a role nobody has heard of is taken.

    Raises:
        UsageFault: It looks mistyped.
    """
    from difflib import get_close_matches

    from data_sharing_agreements.errors import UsageFault

    known = sorted(ROLES | {role for pair in hub.agreements.emou.separation.forbidden_pairs for role in pair})
    for role in roles:
        near = get_close_matches(role, known, n=1, cutoff=0.8)
        if near and role not in known:
            raise UsageFault.of(
                "role-unknown",
                f"Nothing asks for the role {role}.",
                why="A mistyped role permits nothing.",
                next=f"Did you mean {near[0]}?",
            )


def _check_party(hub: "Hub", party: str | None) -> None:
    """Raise unless a party is one of some document's.

    Raises:
        UsageFault: No document names it.
    """
    from data_sharing_agreements.errors import UsageFault

    known = {one.name for document in hub.agreements.documents() for one in document.parties}
    if party is not None and party not in known:
        raise UsageFault.of(
            "party-unknown",
            "No document names a party of that name.",
            why="Whoever acts for a party may stop its data.",
            next=f"Use one of {', '.join(sorted(known))}.",
        )


def _tell(made: "Account", done: str, *, as_json: bool) -> None:
    payload = {
        "schema": "commonweal/account/1",
        "account": made.name,
        "role": made.role,
        "roles": list(made.roles),
        "person": made.person,
        "party": made.party,
    }
    acts_for = f" for {made.party}" if made.party else ""
    text = f"{done} the account {made.name} ({', '.join(made.roles)}{acts_for})."
    emit(payload, as_json=as_json, people=lambda: say(text))
