"""`commonweal synth`: the synthetic state of Evergreen.

Belongs here: options. Does not: making it (warehouse.synthetic).
"""

from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say


@click.command()
@click.option("--people", type=click.IntRange(min=100), default=20_000, show_default=True)
@click.option("--seed", type=int, default=2023, show_default=True, help="One seed gives identical bytes.")
@click.option("--months", type=click.IntRange(min=3), default=24, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets landing/ and truth/.")
@json_option
@click.pass_obj
def synth(context: Context, people: int, seed: int, months: int, out: Path, as_json: bool) -> None:
    """Make a synthetic state: six agencies' files, and the truth about them apart."""
    from pipelines.cli.progress import watch
    from pipelines.interrupts import interruptible
    from warehouse.synthetic import generate

    with interruptible(), watch() as progress:
        generate(people=people, seed=seed, months=months, out=out, progress=progress)
    payload = {
        "schema": "commonweal/synth/1",
        "people": people,
        "seed": seed,
        "months": months,
        "landing": str(out / "landing"),
        "truth": str(out / "truth"),
    }
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _show(payload: dict[str, Any]) -> None:
    say(f"{payload['people']:,} people over {payload['months']} months: {payload['landing']}")
    say(f"The truth about them, which no run reads: {payload['truth']}")
