"""`commonweal lineage`: where a mart, an indicator or an open data file comes from.

Belongs here: choosing how it is printed. Does not: deriving it, its words or its
picture (warehouse.lineage), or events (pipelines.openlineage).
"""

import json
from typing import TYPE_CHECKING

import click

from pipelines.cli.context import Context
from pipelines.cli.output import json_option, say

if TYPE_CHECKING:
    from warehouse.hub import Hub
    from warehouse.lineage.report import Lineage

FORMATS = ("text", "json", "svg", "openlineage")


@click.command()
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="text for people, json for programs, svg a picture, openlineage an event.",
)
@click.option("--version", "version", help="A version of the mart; default: the one that stands.")
@click.option("--today", is_flag=True, help="What a build would rest on today, not what was built.")
@json_option
@click.pass_obj
def lineage(context: Context, name: str, form: str, version: str | None, today: bool, as_json: bool) -> None:
    """Trace NAME back to the files agencies sent, the linkage, and the clauses that permit it.

    NAME is a mart, a column of one (`mart.column`), an indicator, a part of one
    (`indicator.numerator`), or an open data file. Of what was published, the lineage is
    the one it was built with.
    """
    from data_sharing_agreements.errors import UsageFault
    from warehouse.lineage import lineage as trace

    if version and today:
        raise UsageFault.of(
            "lineage-version-or-today",
            "A version that was published and today cannot both be meant.",
            why="What was built may differ from what would be built.",
            next="Give --version or --today.",
        )
    with context.hub() as hub:
        found = trace(hub, name, version=version, today=today)
        say(printed(hub, found, "json" if as_json else form))


def printed(hub: "Hub", found: "Lineage", form: str) -> str:
    """Return a lineage in one of `FORMATS`."""
    if form == "json":
        return json.dumps(found.to_json(), ensure_ascii=False)
    if form == "openlineage":
        from pipelines.openlineage import figure_event

        return figure_event(hub, found)
    from warehouse.lineage.story import story_of

    story = story_of(found, hub.contracts, hub.agreements)
    if form == "svg":
        from warehouse.lineage.picture import as_svg

        return as_svg(story)
    from warehouse.lineage.text import as_text

    return as_text(story)
