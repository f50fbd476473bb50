"""`commonweal synth`: the synthetic state of Evergreen.

Belongs here: options. Does not: making it (warehouse.synthetic).
"""

from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table


@click.command()
@click.option("--people", type=int, default=20_000, show_default=True)
@click.option("--seed", type=int, default=2023, show_default=True, help="One seed gives identical bytes.")
@click.option("--months", type=int, default=24, show_default=True)
@click.option("--noise", type=float, default=1.0, show_default=True, help="Times as many errors as usual.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets landing/ and truth/.")
@json_option
@click.pass_obj
def synth(
    context: Context, people: int, seed: int, months: int, noise: float, out: Path, as_json: bool
) -> None:
    """Make a synthetic state: six agencies' files, and the truth about them apart."""
    from pipelines.cli.progress import watch
    from pipelines.interrupts import interruptible
    from warehouse.synthetic import generate

    with interruptible(), watch() as progress:
        made = generate(people, seed, months, out, progress=progress.part, noise=noise)
    payload = {
        "schema": "commonweal/synth/1",
        "people": made.people,
        "seed": seed,
        "months": months,
        "noise": noise,
        "landing": str(out / "landing"),
        "truth": str(out / "truth"),
        "sources": [
            {
                "source": source,
                "deliveries": count,
                "rows": made.rows[source],
                "records": made.records[source],
            }
            for source, count in made.deliveries.items()
        ],
    }
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _show(payload: dict[str, Any]) -> None:
    columns = ("source", "deliveries", "rows", "records")
    table(columns, [[source[c] for c in columns] for source in payload["sources"]])
    say(f"{payload['people']:,} people over {payload['months']} months: {payload['landing']}")
    say(f"The truth about them, which no run reads: {payload['truth']}")
