"""`commonweal log prove|export|compare|cosign|witness|verifier`: files that others check, and witnesses.

Belongs here: reading and writing those files, printing. Does not: the proofs, the
cosignatures, or the stand-alone verifier itself.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.context import Context
from pipelines.cli.keys import private_key
from pipelines.cli.output import emit, json_option, say, table

if TYPE_CHECKING:
    from warehouse.hub import Hub

BODY_READERS = frozenset({"board", "auditor"})
"""Roles that may take the texts of all entries out of the house."""

_FILE = click.Path(path_type=Path)


def check_place(out: Path) -> None:
    """Raise unless a file can be written there.

    Raises:
        UsageFault: Its directory does not exist.
    """
    from data_sharing_agreements.errors import UsageFault

    if not out.absolute().parent.is_dir():
        raise UsageFault.of(
            "no-directory",
            f"There is no directory to write {out.name} into.",
            why="What others keep goes to a file in a directory that exists.",
            next="Make the directory, or correct the path.",
        )


@click.command()
@click.argument("index", type=int)
@click.option("--size", type=int, help="Prove it in the log of so many entries, not the last one signed.")
@click.option("--from-checkpoint", "since", type=_FILE, help="A checkpoint someone kept, to be continued.")
@click.option("--out", type=_FILE, help="Write the proof to a file.")
@json_option
@click.pass_obj
def prove(
    context: Context, index: int, size: int | None, since: Path | None, out: Path | None, as_json: bool
) -> None:
    """Prove that entry INDEX is in the log, to whoever has a checkpoint."""
    from data_sharing_agreements.log.checkpoints import read_checkpoint
    from data_sharing_agreements.log.files import write_json

    if out is not None:
        check_place(out)
    kept = None if since is None else read_checkpoint(since)
    with context.hub() as hub:
        proof = hub.log.prove(index, size, kept)
    if out is not None:
        write_json(out, proof)
    emit(proof, as_json=as_json, people=lambda: _show_proof(proof, out))


def _show_proof(proof: dict[str, Any], out: Path | None) -> None:
    entry = proof["entry"]
    say(f"Entry {entry['index']} ({entry['kind']}, {entry['at'][:19]}) is one of {proof['size']:,} entries.")
    say(f"Root {proof['root']}")
    if proof["consistency"]:
        say(f"They begin with the {proof['consistency']['from']['size']:,} entries of the checkpoint given.")
    if proof["checkpoint"] is None:
        say("No checkpoint signs this root yet: make one with `commonweal log checkpoint`.")
    if out is not None:
        say(f"Wrote {out}: give it to whoever asks, with `commonweal log verifier`.")


@click.command()
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@click.option("--bodies", is_flag=True, help="With the texts of the entries; for the board and auditors.")
@json_option
@click.pass_obj
def export(context: Context, out: Path, bodies: bool, as_json: bool) -> None:
    """Write the whole log to one file that anyone can check."""
    check_place(out)
    with context.hub() as hub:
        if bodies:
            _note_reader(hub)
        size = hub.log.export(out, bodies=bodies)
        key = hub.keys.public_key().hex()
    payload = {
        "schema": "commonweal/log export/1",
        "path": str(out),
        "size": size,
        "bodies": bodies,
        "public_key": key,
    }
    emit(
        payload,
        as_json=as_json,
        people=lambda: say(f"Wrote {out}: {size:,} entries. The hub's key is {key}."),
    )


def _note_reader(hub: "Hub") -> None:
    """Write down who takes the texts out, if that account may.

    Raises:
        Refused: Nobody is signed in, or without a role that may.
    """
    from data_sharing_agreements.errors import Refused
    from pipelines.session import signed_in

    reader = signed_in(hub)
    if not BODY_READERS & {reader.role, *getattr(reader, "roles", ())}:
        raise Refused.of(
            "texts-not-for-this-account",
            "The texts of all entries are for the board and for auditors.",
            why=f"{hub.agreements.emou.id}, clause audit, says who inspects.",
            next="Export without --bodies, or have the board export them.",
            document=hub.agreements.emou.id,
            clause="audit",
        )
    facts = {"actor": reader.name, "size": hub.log.size, "bodies": True}
    hub.log.append("log-export", facts, [(hub.agreements.emou.id, "audit")])


@click.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--public-key", help="The hub's public key; without it, that of this deployment's home.")
@json_option
@click.pass_obj
def compare(context: Context, files: tuple[Path, ...], public_key: str | None, as_json: bool) -> int:
    """Compare checkpoints that several parties kept: can all be of one history?

    With --public-key no home is needed, and the files alone are compared. Without it
    they are compared with this home's log as well.
    """
    from data_sharing_agreements.log.checkpoints import read_checkpoint
    from data_sharing_agreements.log.comparing import compared
    from pipelines.logbook import compare_with_log

    given = [read_checkpoint(path) for path in files]
    if public_key:
        found = compared(given, _key_of(public_key))
    else:
        found = compare_with_log(context.existing(), given)
    payload = found.to_json()
    emit(payload, as_json=as_json, people=lambda: _show_compared(payload))
    return 6 if found.faults else 0


def _key_of(text: str) -> bytes:
    from data_sharing_agreements.errors import UsageFault

    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageFault.of(
            "not-a-key",
            "The public key given is not one.",
            why="A public key is 64 hexadecimal digits.",
            next="Ask the hub's people for it, or see `commonweal log export`.",
        ) from None


def _show_compared(payload: dict[str, Any]) -> None:
    word = "can all be of one history" if payload["ok"] else "can NOT all be of one history"
    say(f"{payload['checkpoints']} checkpoints {word}.")
    table(["entries", "fault"], [[fault["index"], fault["kind"]] for fault in payload["faults"]])
    if payload["not_compared"]:
        say("They are of different sizes, which only the log or a proof can compare: see `log prove`.")


@click.command()
@click.argument("checkpoint", type=_FILE)
@click.option("--as", "witness_id", required=True, help="Your id in the roster of signatories.")
@click.option("--key", "key_file", type=_FILE, required=True, help="Your private key (PEM).")
@click.option(
    "--since", type=_FILE, help="The checkpoint you cosigned last; leave it out only the first time."
)
@click.option("--proof", type=_FILE, help="The hub's proof that one continues the other (`log prove`).")
@click.option("--public-key", help="The hub's public key; without it, that of the checkpoint in --since.")
@click.option("--out", type=_FILE, required=True, help="The cosignature to write.")
@json_option
def cosign(
    checkpoint: Path,
    witness_id: str,
    key_file: Path,
    since: Path | None,
    proof: Path | None,
    public_key: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Cosign a CHECKPOINT as a witness, after checking that it continues the last. Needs only files."""
    from data_sharing_agreements.log.checkpoints import must_be_checkpoint, read_checkpoint
    from data_sharing_agreements.log.files import write_json
    from data_sharing_agreements.log.witnesses import cosign as sign
    from data_sharing_agreements.store.clock import utc_now

    check_place(out)
    new = must_be_checkpoint(read_checkpoint(checkpoint))
    old = None if since is None else must_be_checkpoint(read_checkpoint(since))
    path = [] if proof is None else ((read_checkpoint(proof).get("consistency") or {}).get("path") or [])
    hub = _key_of(public_key) if public_key else bytes.fromhex((old or _no_key()).public_key)
    content = sign(new, old, path, hub, witness_id, private_key(key_file), utc_now())
    write_json(out, content)
    payload = {"schema": "commonweal/log cosign/1", "path": str(out), "cosignature": content}
    emit(payload, as_json=as_json, people=lambda: say(f"Wrote {out}: you vouch for {new.size:,} entries."))


def _no_key() -> Any:
    from data_sharing_agreements.errors import UsageFault

    raise UsageFault.of(
        "no-public-key",
        "No public key of the hub is known to check the checkpoint with.",
        why="Anybody can make a key; only the hub's counts.",
        next="Give --public-key the first time, as the hub's people gave it to you; --since from then on.",
    )


@click.command()
@click.argument("file", type=_FILE)
@json_option
@click.pass_obj
def witness(context: Context, file: Path, as_json: bool) -> None:
    """Take in a cosignature FILE that a witness sent."""
    from data_sharing_agreements.log.checkpoints import read_checkpoint
    from data_sharing_agreements.publication import witnessed_size, witnesses_of

    content = read_checkpoint(file)
    with context.hub() as hub:
        today = hub.deployment.today()
        size = hub.log.take_cosignature(content, witnesses_of(hub.agreements, today))
        witnessed = witnessed_size(hub.agreements, hub.log, today)
    payload = {"schema": "commonweal/log witness/1", "size": size, "witnessed_size": witnessed}
    emit(
        payload,
        as_json=as_json,
        people=lambda: say(f"Taken in: {size:,} entries. The witnesses together vouch for {witnessed:,}."),
    )


@click.command()
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@json_option
def verifier(out: Path, as_json: bool) -> None:
    """Write the stand-alone verifier: one file that checks the log without Commonweal."""
    import hashlib
    from importlib.resources import files

    check_place(out)
    text = files("data_sharing_agreements.log.standalone").joinpath("commonweal_verify.py").read_bytes()
    out.write_bytes(text)
    payload = {
        "schema": "commonweal/log verifier/1",
        "path": str(out),
        "sha256": hashlib.sha256(text).hexdigest(),
    }
    emit(
        payload,
        as_json=as_json,
        people=lambda: say(
            f"Wrote {out}. Anyone with Python and `cryptography` runs it: python {out.name} FILE…"
        ),
    )
