"""`commonweal init`, `doctor`, `backup`, `restore`: the home directory itself.

Belongs here: options and what is printed. Does not: the work (pipelines.doctor,
pipelines.backup, warehouse.hub).
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table


@click.command()
@json_option
@click.pass_obj
def init(context: Context, as_json: bool) -> None:
    """Make the home directory: keys, registry, accounts. What is there stays as it is."""
    from pipelines.home import prepare_home
    from pipelines.lock import hold

    deployment = context.deployment()
    _make_directory(deployment.home)
    with hold(deployment.lock_path, "init"):
        made = prepare_home(deployment)
    payload = {
        "schema": "commonweal/init/1",
        "name": deployment.name,
        "home": str(deployment.home),
        "accounts": made,
    }
    emit(payload, as_json=as_json, people=lambda: _show_init(payload))


def _make_directory(home: Path) -> None:
    from data_sharing_agreements.errors import UsageFault

    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageFault.of(
            "home-not-made",
            "The home directory cannot be made there.",
            why=f"The system says: {error.strerror}.",
            next="Name another place by --home, or make it writable.",
        ) from None


def _show_init(payload: dict[str, Any]) -> None:
    say(f"{payload['name']}: the home is {payload['home']}")
    say(
        "Keys are in its keys/ directory. Keep a copy elsewhere: without them nothing here can be read again."
    )
    if payload["accounts"]:
        say(f"Made the accounts {', '.join(payload['accounts'])}; first passwords are in accounts.txt there.")
    say("Next: put deliveries into its landing/ directory, then `commonweal run`.")


@click.command()
@json_option
@click.pass_obj
def doctor(context: Context, as_json: bool) -> int:
    """Look after keys, disk, locks, versions, documents, registry and log. Changes nothing."""
    from data_sharing_agreements.errors import worst_exit_code
    from pipelines.doctor import examine

    findings = examine(context.deployment())
    worst = worst_exit_code(finding.exit_code for finding in findings)
    payload = {
        "schema": "commonweal/doctor/1",
        "ok": worst == 0,
        "exit_code": worst,
        "findings": [finding.to_json() for finding in findings],
    }
    emit(payload, as_json=as_json, people=lambda: _show_findings(payload))
    return worst


def _show_findings(payload: dict[str, Any]) -> None:
    rows = [["ok" if f["ok"] else "look", f["subject"], f["what"]] for f in payload["findings"]]
    table(["", "subject", "found"], rows)
    for finding in payload["findings"]:
        if finding["next"]:
            say(f"Next, {finding['subject']}: {finding['next']}")
    if not payload["ok"]:
        say("Something needs attention.")
    elif all(finding["ok"] for finding in payload["findings"]):
        say("All is well.")
    else:
        say("Nothing is at fault; see what is marked `look`.")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new directory to write to.")
@click.option(
    "--keys-out",
    type=click.Path(path_type=Path),
    help="Also copy the keys, to another new directory: keep it apart from the first.",
)
@click.option("--keep-until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it is kept.")
@json_option
@click.pass_obj
def backup(
    context: Context, out: Path, keys_out: Path | None, keep_until: datetime | None, as_json: bool
) -> None:
    """Copy stores, registry, checkpoints and reports; keys only if told where.

    The copy without keys is unreadable to whoever finds it, and to you: a lost key
    means its stores are lost, whatever copies there are.
    """
    from data_sharing_agreements.decisions import Request
    from pipelines.backup import back_up

    deployment = context.existing()
    with context.hub() as hub:
        hub.gate.require(Request("backup"))
    manifest = back_up(deployment, out, keys_out, keep_until.date() if keep_until else None)
    payload = {"schema": "commonweal/backup/1", "path": str(out), **manifest}
    payload["keys"] = str(keys_out) if keys_out else None
    emit(payload, as_json=as_json, people=lambda: _show_backup(payload))


def _show_backup(payload: dict[str, Any]) -> None:
    files = payload["files"]
    size = sum(file["bytes"] for file in files)
    say(f"Copied {len(files):,} files, {size / 1024**2:,.1f} MiB, to {payload['path']}")
    if payload["keys"]:
        say(f"Keys are in {payload['keys']}. Keep them apart: who has both can read everything.")
    else:
        say("Keys are NOT in it. If the keys of this home are lost, neither can ever be read again.")


@click.command()
@click.option(
    "--from", "source", type=click.Path(path_type=Path), required=True, help="A directory `backup` wrote."
)
@click.option(
    "--keys-from", type=click.Path(path_type=Path), help="The keys, if this home has none of its own."
)
@click.option(
    "--certificates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Certificates of what was destroyed since, if the home has none of its own: it is destroyed again.",
)
@json_option
@click.pass_obj
def restore(
    context: Context, source: Path, keys_from: Path | None, certificates: Path | None, as_json: bool
) -> None:
    """Put a backup into a home that has no stores.

    Every file is compared with the backup's manifest. A home that has gone on
    since the backup is not overwritten: its log would then be older than the
    checkpoints others hold. What was destroyed since is destroyed again before anything
    else, as the certificates say.
    """
    from pipelines.backup import put_back
    from pipelines.ends_replay import bring_certificates, replay_restored

    deployment = context.deployment()
    if certificates:
        bring_certificates(deployment, certificates)
    manifest = put_back(deployment, source, keys_from)
    payload = {"schema": "commonweal/restore/1", "home": str(deployment.home), **manifest}
    payload["purged_again"] = replay_restored(deployment)
    emit(payload, as_json=as_json, people=lambda: _show_restore(payload))


def _show_restore(payload: dict[str, Any]) -> None:
    say(f"Put {len(payload['files']):,} files of {payload['taken_at']} back into {payload['home']}")
    for one in payload["purged_again"]:
        say(f"Destroyed again, as certificate {one} says.")
    say("Next: `commonweal log verify --checkpoint` a file someone else kept, then `commonweal run`.")
