"""`commonweal sign`: a signature over a document, made wherever the key is.

Belongs here: showing what is signed, asking, writing the detached act. Does not: whether
the act counts, which the hub judges. Works offline: it needs the file and the key.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.keys import passphrase, private_key
from pipelines.cli.output import emit, json_option, note

if TYPE_CHECKING:
    from data_sharing_agreements.documents.difference import Change
    from data_sharing_agreements.lifecycle import Act
    from data_sharing_agreements.lifecycle.signing import ToSign

ACTS = (
    *("submit", "approve", "counsel", "object", "suspend", "resume", "terminate", "revoke", "enroll"),
    *("propose", "fit", "design", "partner_review", "board_review", "close"),
)


class _Documents(click.Group):
    """A group whose first word is a verb of it, or else the file to be signed."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a word that is no verb as the file of `document`."""
        if args and args[0] not in self.commands:
            args = ["document", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_Documents, context_settings={"ignore_unknown_options": True})
def sign() -> None:
    """Sign a document, or make a key to sign with. Works offline."""


@sign.command("new-key")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The private key's file.")
@click.option("--no-passphrase", is_flag=True, help="Write the key without encrypting it.")
@json_option
def new_key_verb(out: Path, no_passphrase: bool, as_json: bool) -> None:
    """Make a private key of your own. Only the public key is ever given away."""
    from data_sharing_agreements.lifecycle.acts import public_hex
    from data_sharing_agreements.lifecycle.signing import new_key

    key = new_key(out, None if no_passphrase else passphrase(new=True))
    payload = {"schema": "commonweal/sign new-key/1", "path": str(out), "public_key": public_hex(key)}

    def people() -> None:
        click.echo(f"Public key {payload['public_key']}")
        note(f"The private key is in {out}. Keep it to yourself; give the board the public key.")

    emit(payload, as_json=as_json, people=people)


@sign.command("document")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "signatory", required=True, help="Your id in the roster of signatories.")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Your private key's file.")
@click.option("--act", "kind", type=click.Choice(ACTS), default="approve", show_default=True)
@click.option("--ground", help="Why; an objection names its legal ground: 'statute: RCW 74.04.060'.")
@click.option(
    "--effective",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day on which it works, if that is later (suspend, resume, terminate, close).",
)
@click.option("--revokes", help="For `revoke`: digest of your own earlier act.")
@click.option(
    "--before", type=click.Path(path_type=Path), help="The version before, if it does not lie beside."
)
@click.option("--out", type=click.Path(path_type=Path), help="File of the act; else standard output.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def document_verb(file: Path, kind: str, yes: bool, as_json: bool, out: Path | None, **words: Any) -> None:
    """Show what a file says and what it changes, then sign it: a detached act, in a file of its own."""
    from data_sharing_agreements.lifecycle.signing import read_to_sign

    subject = read_to_sign(file)
    changes = _changes(file, subject, words["before"])
    _show(subject, kind, changes)
    if not yes and not click.confirm("Sign it?", err=True):
        raise click.Abort
    act = _signed(subject, kind, words)
    if out is not None:
        out.write_text(act.to_text(), encoding="utf-8")
        note(f"Signed. Send {out} to the hub; it is of use to nobody else.")
    payload = {
        "schema": "commonweal/sign/1",
        "act": act.model_dump(mode="json", by_alias=True),
        "digest": act.digest,
        "changes": [{"clause": c.clause, "before": c.before, "after": c.after} for c in changes],
        "path": None if out is None else str(out),
    }
    emit(payload, as_json=as_json, people=lambda: None if out else click.echo(act.to_text(), nl=False))


def _signed(subject: "ToSign", kind: str, words: dict[str, Any]) -> "Act":
    from data_sharing_agreements.lifecycle import ActKind, new_act
    from data_sharing_agreements.store.clock import utc_now

    effective = words["effective"]
    return new_act(
        subject.subject,
        ActKind(kind),
        words["signatory"],
        private_key(words["key"]),
        utc_now(),
        effective=effective.date() if effective is not None else None,
        ground=words["ground"],
        revokes=words["revokes"],
    )


def _changes(file: Path, subject: "ToSign", given: Path | None) -> "tuple[Change, ...]":
    """Return what differs from the version before, if that is at hand."""
    from data_sharing_agreements.documents.difference import difference
    from data_sharing_agreements.lifecycle.roster import Roster
    from data_sharing_agreements.lifecycle.signing import read_to_sign, version_before

    if isinstance(subject.content, Roster):
        return ()
    before = version_before(file, subject.content) if given is None else read_to_sign(given).content
    return () if before is None or isinstance(before, Roster) else difference(before, subject.content)


def _show(subject: "ToSign", kind: str, changes: "tuple[Change, ...]") -> None:
    """Print what is about to be signed, on standard error."""
    what = subject.subject
    note(f"{what.id}, version {what.version}: {subject.title}")
    note(f"  {subject.summary}")
    note(f"  SHA-256 of its canonical bytes: {what.sha256}")
    if changes:
        note(f"  Against the version before, {len(changes)} clauses differ:")
        for change in changes:
            note(f"    {change.words}")
    elif what.version > 1:
        note("  The version before is not at hand; give it with --before to see what differs.")
    note(f"  You sign the act: {kind}.")
