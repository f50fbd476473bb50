"""`commonweal report governance`: what the board is told.

Belongs here: options and printing. Does not: the report (warehouse.oversight).
"""

from pathlib import Path

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say


@click.group()
def report() -> None:
    """Reports to those who answer for the data."""


@report.command()
@click.option("--period", required=True, help="this-quarter, 2026-Q3, 2026-09 or 2026-07-01:2026-09-30.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for the report; the home's own reports by default.",
)
@click.option("--pdf", is_flag=True, help="Print it to PDF too, with the chromium of this machine.")
@json_option
@click.pass_obj
def governance(context: Context, period: str, out: Path | None, pdf: bool, as_json: bool) -> None:
    """Tell the board what was decided, refused, given out and destroyed, and what cannot be prevented.

    It names the people who can read names: it is for the board, not for the public.
    """
    from warehouse.oversight.pdf import print_pdf
    from warehouse.oversight.period import Period
    from warehouse.oversight.report import governance as assemble
    from warehouse.oversight.report import governance_html

    with context.hub() as hub:
        asked = Period.parse(period, hub.deployment.today())
        name = f"governance-{asked.name.replace(':', '-to-')}"
        payload = assemble(hub, asked)
        directory = out or hub.reports("governance", name).parent
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / f"{name}.html"
    page.write_text(governance_html(payload), encoding="utf-8")
    payload |= {"page": str(page), "pdf": None}
    if pdf:
        print_pdf(page, page.with_suffix(".pdf"))
        payload["pdf"] = str(page.with_suffix(".pdf"))
    emit(payload, as_json=as_json, people=lambda: say(f"Wrote {payload['pdf'] or page}."))
