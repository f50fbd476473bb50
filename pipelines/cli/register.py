"""`commonweal register`: the public register, as a page and as JSON.

Belongs here: options and printing. Does not: what may be public.
"""

from pathlib import Path

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Directory for page and JSON.")
@json_option
@click.pass_obj
def register(context: Context, out: Path, as_json: bool) -> None:
    """Write the public register: agreements, projects, open data, destructions, objections, linkage.

    Nothing in it is confidential: it can be put on a public site as it is.
    """
    from warehouse.oversight.register import write_register

    with context.hub() as hub:
        payload = write_register(hub, out)
    emit(
        payload,
        as_json=as_json,
        people=lambda: say(f"Wrote {out / 'index.html'} and register.json beside it."),
    )
