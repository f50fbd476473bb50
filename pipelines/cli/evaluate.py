"""`commonweal evaluate`: linkage against a file of truth.

Belongs here: options and the printed summary. Does not: measuring (linkage.evaluate).
"""

from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table


@click.command()
@click.option(
    "--truth",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="CSV with source,record_id,person_id and any columns of subgroups.",
)
@json_option
@click.pass_obj
def evaluate(context: Context, truth: Path, as_json: bool) -> None:
    """Measure the current link version against known truth, by source pair and subgroup.

    The result is kept with the version, and stands from then on in the linkage report,
    in the codebooks of the marts made from it, and on the scorecard; unless the truth is a scrap.
    """
    from data_sharing_agreements.errors import UsageFault
    from pipelines.measurement import measure

    if not truth.is_file():
        raise UsageFault.of(
            "no-truth",
            f"There is no file {truth.name} at the place given.",
            why="Linkage is measured against a CSV of source, record id and person id.",
            next="Name one; `commonweal synth` writes truth/records.csv.",
        )
    with context.held_hub("evaluate") as hub:
        payload = measure(hub, truth)
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _show(payload: dict[str, Any]) -> None:
    from linkage.evaluate import FEWEST_PAIRS

    records = payload["records"]
    say(
        f"Link version {payload['link_version']}: {records['truth']:,} records in the truth, "
        f"{records['matched']:,} found, {records['missing']:,} missing."
    )
    if payload["encoded_sources"]:
        say(
            f"Of {', '.join(payload['encoded_sources'])}, encoded at the agency, only records are looked up "
            "that the truth names by the agency's tokens."
        )
    if not payload["kept"]:
        say(
            f"The truth has fewer than {FEWEST_PAIRS} pairs of records of one person: this is shown, and "
            "reports go on telling what they told."
        )
    say()
    rows = [
        ["all", "pairs", *_measures(payload["pairs"])],
        ["all", "clusters", *_measures(payload["clusters"])],
    ]
    rows += [
        [" + ".join(part["sources"]), "clusters", *_measures(part["clusters"])]
        for part in payload["by_source_pair"]
    ]
    rows += [
        [f"{part['column']} = {part['group']}", "clusters", *_measures(part["clusters"])]
        for part in payload["by_subgroup"]
    ]
    table(["of", "counting", "precision", "recall", "F1"], rows)


def _measures(part: dict[str, Any]) -> list[str]:
    return [_measure(part[name]) for name in ("precision", "recall", "f1")]


def _measure(value: dict[str, float | None]) -> str:
    if value["value"] is None:
        return "–"
    return f"{value['value']:.4f} ({value['low']:.4f}–{value['high']:.4f})"
