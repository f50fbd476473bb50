"""`commonweal encode`: encoding at an agency that sends no identifiers, and its keys.

Belongs here: options and the printed summary. Does not: encoding (pipelines.encoding), or keys
(privacy.agreed_keys).
"""

from pathlib import Path
from typing import Any

import click

from pipelines.cli.output import emit, json_option, note, say

SCHEMA = "commonweal/encode/1"
_path = click.Path(path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--contract", type=_path, help="The source's contract.")
@click.option("--key", type=_path, help="This party's key file.")
@click.option("--in", "files", type=_path, multiple=True, help="A file of the source; of one period.")
@click.option("--out", type=_path, help="Where the delivery goes.")
@click.option(
    "--memory", default="2GB", show_default=True, help="Memory of the engine; the rest is spilled, encrypted."
)
@json_option
@click.pass_context
def encode(
    ctx: click.Context,
    contract: Path | None,
    key: Path | None,
    files: tuple[Path, ...],
    out: Path | None,
    memory: str,
    as_json: bool,
) -> None:
    """Encode a source's files where they are: names stay, encodings and content go.

    Needs no home, no hub and no network.
    """
    if ctx.invoked_subcommand:
        return
    missing = [
        name
        for name, given in (("--contract", contract), ("--key", key), ("--in", files), ("--out", out))
        if not given
    ]
    if missing or contract is None or key is None or out is None:
        raise click.UsageError(f"Missing {', '.join(missing)}.", ctx)
    from pipelines.encoding import encode_at_home
    from privacy.agreed_keys import read_key

    done = encode_at_home(
        _contract(contract), read_key(key), files, out, progress=note, memory_limit=_memory(memory)
    )
    payload = {
        "schema": SCHEMA, "path": str(done.place), "period": done.period, "records": done.records,
        "rows_left_out": done.left_out, "rows_refused": done.refused,
    }  # fmt: skip
    emit(payload, as_json=as_json, people=lambda: _show(payload))


@encode.command("new-key")
@click.option("--agreement", required=True, help="Id of the agreement the linkage rests on.")
@click.option("--party", required=True, help="Who this party is.")
@click.option("--first", is_flag=True, help="This party begins: it draws the secret of the linkage.")
@click.option("--key", type=_path, required=True, help="File to make; closed to others.")
@json_option
def new_key(agreement: str, party: str, first: bool, key: Path, as_json: bool) -> None:
    """Make this party's key file."""
    from privacy.agreed_keys import PartyKey, write_key

    made = PartyKey.new(agreement, party, first=first)
    write_key(key, made, new=True)
    _keys(made, as_json=as_json, what=f"Key of {party} for {agreement} made.")


@encode.command()
@click.option("--key", type=_path, required=True, help="This party's key file.")
@click.option("--out", type=_path, help="File for the offer; it is no secret.")
@json_option
def offer(key: Path, out: Path | None, as_json: bool) -> None:
    """Write this party's offer, and show the fingerprint to read out on the telephone."""
    from privacy.agreed_keys import read_key

    mine = read_key(key)
    if out is not None:
        _write(out, mine.offer())
    _keys(mine, as_json=as_json, what=f"Offer of {mine.party} for {mine.agreement}.")


@encode.command()
@click.option("--key", type=_path, required=True, help="This party's key file.")
@click.option("--from", "received", type=_path, required=True, help="The other party's offer, or its grant.")
@click.option("--fingerprint", required=True, help="What the other party read out on the telephone.")
@click.option("--out", type=_path, help="File for the grant, where an offer is accepted.")
@json_option
def accept(key: Path, received: Path, fingerprint: str, out: Path | None, as_json: bool) -> None:
    """Accept an offer and write the grant for it, or accept a grant into the key file."""
    from data_sharing_agreements.errors import UsageFault
    from privacy.agreed_keys import OFFER, parsed, read_key, write_key

    mine = read_key(key)
    if not received.is_file():
        raise UsageFault.of(
            "no-file", f"There is no file {received.name} at the place given.", next="Name the one received."
        )
    said = parsed(received.read_bytes(), received.name)
    if said.get("schema") != OFFER:
        mine = mine.granted(said, fingerprint)
        write_key(key, mine, new=False)
        _keys(mine, as_json=as_json, what=f"Grant accepted: {mine.party} has the key of {mine.agreement}.")
        return
    if out is None:
        raise click.UsageError("An offer is accepted by a grant: name its file with --out.")
    _write(out, mine.grant(said, fingerprint))
    _keys(mine, as_json=as_json, what="Offer accepted: send the grant back.")


def _contract(path: Path) -> Any:
    from data_sharing_agreements.errors import UsageFault
    from warehouse.contracts_loader import load_contract

    if not path.is_file():
        raise UsageFault.of(
            "no-contract",
            f"There is no file {path.name} at the place given.",
            next="Name the source's contract.",
        )
    return load_contract(path)


def _memory(text: str) -> str:
    import re

    if not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", text):
        raise click.UsageError("--memory is a number with a unit, as 2GB.")
    return text


def _write(path: Path, said: dict[str, Any]) -> None:
    import json

    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _keys(key: Any, *, as_json: bool, what: str) -> None:
    linkage = key.linkage_fingerprint if key.linkage else None
    payload = {
        "schema": SCHEMA, "agreement": key.agreement, "party": key.party, "fingerprint": key.fingerprint,
        "key": linkage,
    }  # fmt: skip

    def people() -> None:
        say(what)
        say(f"Fingerprint to read out: {key.fingerprint}")
        say(f"Key of the linkage, for contracts: {linkage or 'not agreed yet'}")

    emit(payload, as_json=as_json, people=people)


def _show(payload: dict[str, Any]) -> None:
    say(f"Encoded {payload['records']:,} records of {payload['period']}: {payload['path']}")
    say(
        f"{payload['rows_left_out']:,} rows of too common blocks left out, "
        f"{payload['rows_refused']:,} rows refused."
    )
