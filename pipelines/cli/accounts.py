"""`commonweal login`, `logout`, `whoami`, `account add`: who is at the keyboard.

Belongs here: reading a password without showing it, keeping the session. Does
not: checking a password (the registry).
"""

import sys

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say

MINIMUM_LENGTH = 10


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
        "projects": projects,
    }
    text = f"{account.name} ({account.role}); projects: {', '.join(projects) or 'none'}"
    emit(payload, as_json=as_json, people=lambda: say(text))


@click.group()
def account() -> None:
    """Accounts of this deployment."""


@account.command()
@click.argument("name")
@click.option("--role", required=True, help="What the account is for: researcher, analyst, board, operator.")
@json_option
@click.pass_obj
def add(context: Context, name: str, role: str, as_json: bool) -> None:
    """Make the account NAME. What it may do is for the agreements to say, not its role alone."""
    from data_sharing_agreements.errors import UsageFault

    password = read_password(f"New password of {name}", confirm=True)
    if len(password) < MINIMUM_LENGTH:
        raise UsageFault.of(
            "password-too-short",
            f"The password has fewer than {MINIMUM_LENGTH} characters.",
            why="A short password is guessed.",
            next="Choose a longer one.",
        )
    with context.hub() as hub:
        hub.registry.accounts.create(name, password, role)
    payload = {"schema": "commonweal/account/1", "account": name, "role": role}
    emit(payload, as_json=as_json, people=lambda: say(f"Made the account {name} ({role})."))
