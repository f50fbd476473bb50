"""`commonweal review`: uncertain links drawn, looked at by two, decided, and what that says of the spine.

Belongs here: options, the signed-in account, printing. Does not: the order of things
(pipelines.reviews), sampling and estimates (linkage.review).
"""

from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, say, table

VERDICTS = ("same", "different", "unsure")
WIDEST = 12
"""Characters of the longest bar."""
BITS_A_MARK = 2.0


@click.group()
def review() -> None:
    """Uncertain links, looked at by people."""


@review.command()
@click.option("--size", type=click.IntRange(min=1), help="About how many pairs. Default: [review] size.")
@json_option
@click.pass_obj
def draw(context: Context, size: int | None, as_json: bool) -> None:
    """Draw pairs of the standing link version to be reviewed.

    The same seed and version give the same pairs; a second draw continues the first.
    """
    from pipelines import reviews
    from pipelines.session import signed_in

    with context.held_hub("review draw") as hub:
        found = reviews.draw(hub, signed_in(hub), size)
    payload = {"schema": "commonweal/review draw/1", **found}
    emit(payload, as_json=as_json, people=lambda: _show_drawn(payload))


@review.command("next")
@json_option
@click.pass_obj
def next_(context: Context, as_json: bool) -> None:
    """Show the next pair that waits for your verdict, as far as policy lets values be seen."""
    _look(context, disputed=False, as_json=as_json)


@review.command()
@click.argument("number", type=int)
@click.argument("verdict", type=click.Choice(VERDICTS))
@json_option
@click.pass_obj
def decide(context: Context, number: int, verdict: str, as_json: bool) -> None:
    """Say whether the two records of review NUMBER are of one person: same, different, unsure.

    Two people decide, neither knowing what the other said.
    """
    _decide(context, number, verdict, arbitrating=False, as_json=as_json)


@review.command()
@click.argument("number", type=int, required=False)
@click.argument("verdict", type=click.Choice(VERDICTS), required=False)
@json_option
@click.pass_obj
def arbitrate(context: Context, number: int | None, verdict: str | None, as_json: bool) -> None:
    """Show the next pair about which two differ, or decide review NUMBER as the third."""
    from data_sharing_agreements.errors import UsageFault

    if number is None:
        _look(context, disputed=True, as_json=as_json)
        return
    if verdict is None:
        raise UsageFault.of(
            "no-verdict",
            "A number was given and no verdict.",
            why="With a number, the third decides.",
            next="Add same, different or unsure; without a number the next pair is shown.",
        )
    _decide(context, number, verdict, arbitrating=True, as_json=as_json)


@review.command()
@json_option
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show how far the reviews have come, never what was said in them."""
    from pipelines import reviews
    from pipelines.session import signed_in

    with context.hub() as hub:
        signed_in(hub)
        payload = {"schema": "commonweal/review status/1", **reviews.progress(hub)}
    emit(payload, as_json=as_json, people=lambda: _show_status(payload))


@review.command()
@json_option
@click.pass_obj
def estimate(context: Context, as_json: bool) -> None:
    """Estimate precision and recall of the standing link version from its settled reviews.

    The estimate is kept with the version and told in codebooks and on the scorecard.
    """
    from pipelines import reviews
    from pipelines.session import signed_in

    with context.held_hub("review estimate") as hub:
        payload = reviews.measure(hub, signed_in(hub))
    emit(payload, as_json=as_json, people=lambda: _show_estimate(payload))


def _look(context: Context, *, disputed: bool, as_json: bool) -> None:
    from pipelines import reviews
    from pipelines.session import signed_in

    with context.held_hub("review") as hub:
        pair = reviews.look(hub, signed_in(hub), disputed=disputed)
    verb = "arbitrate" if disputed else "next"
    payload = {"schema": f"commonweal/review {verb}/1", "pair": pair}
    emit(payload, as_json=as_json, people=lambda: _show_pair(pair))


def _decide(context: Context, number: int, verdict: str, *, arbitrating: bool, as_json: bool) -> None:
    from pipelines import reviews
    from pipelines.session import signed_in

    with context.held_hub("review decide") as hub:
        found = reviews.decide(hub, signed_in(hub), number, verdict, arbitrating=arbitrating)
    verb = "arbitrate" if arbitrating else "decide"
    payload = {"schema": f"commonweal/review {verb}/1", **found}
    emit(payload, as_json=as_json, people=lambda: _show_decided(payload))


def _show_drawn(payload: dict[str, Any]) -> None:
    say(
        f"Drew {payload['reviews']:,} pairs of link version {payload['link_version']}, "
        f"as draw {payload['draw']}: at least four from each stratum, whatever the size asked for."
    )
    if payload["known_before"]:
        say(f"{payload['known_before']:,} of them were settled by an earlier review.")
    if payload["left_out_of_the_frame"]:
        note("Persons of more than 1,000 records are left out of the sample.")


def _show_pair(pair: dict[str, Any] | None) -> None:
    if pair is None:
        say("Nothing waits for you. See `commonweal review status` for what waits for others.")
        return
    left, right = pair["sources"]
    say(f"Review {pair['review']}: left of {left}, right of {right}; link version {pair['version']}")
    say("Now one person." if pair["joined"] else "Now two persons.")
    _show_compared(pair["compared"])
    for value in pair["values"]:
        say(f"  {value['field']:<14} {value['left'] or '–':<24} {value['right'] or '–'}")
    for side in ("left", "right"):
        for neighbour in pair[side]:
            say(f"Beside the {side} one, of {neighbour['source']}: {_in_short(neighbour['compared'])}")
    verb = "arbitrate" if pair["stage"] == "arbitration" else "decide"
    say(f"Decide: commonweal review {verb} {pair['review']} same|different|unsure")
    note(f"{pair['waiting']:,} wait for you.")


def _show_compared(compared: dict[str, Any]) -> None:
    if compared["weight"] is not None:
        say(
            f"Weight of all: {compared['weight']:+.1f}, in log2 odds; above 0 speaks for one person. "
            "It is the smaller of both columns' sums, less for how few pairs are of one person, "
            "more for rare names."
        )
    if compared["words"]:
        say(f"  {compared['words']}")
    rows = [
        [line["comparison"], line["level"], _bar(line["strangers"]), _bar(line["kin"])]
        for line in compared["lines"]
    ]
    table(["comparison", "outcome", "against strangers", "against kin"], rows)
    if compared["unknown"]:
        say(f"Nothing known of: {', '.join(compared['unknown'])}")


def _bar(bits: float | None) -> str:
    """Return a weight as a bar: + speaks for one person, - against it."""
    if bits is None:
        return "–"
    marks = min(WIDEST, round(abs(bits) / BITS_A_MARK))
    return f"{bits:+5.1f} " + ("+" if bits > 0 else "-") * marks


def _in_short(compared: dict[str, Any]) -> str:
    if compared["words"]:
        return str(compared["words"])
    told = "; ".join(f"{line['comparison']} {line['level']}" for line in compared["lines"])
    return f"{compared['weight']:+.1f}: {told}"


def _show_decided(payload: dict[str, Any]) -> None:
    if not payload["settled"]:
        say("Written down. Another verdict is needed.")
        return
    say(f"Review {payload['review']} is settled: {payload['outcome']}.")
    if payload["constraint"] == "written":
        say("The next run links accordingly.")
    if payload["constraint"] == "contradicts":
        from linkage.constraints import named

        say(
            f"It contradicts {named(payload['against'])} about these records and others: until one that is "
            "wrong is withdrawn (`commonweal spine withdraw NUMBER`), it changes no link."
        )


def _show_status(payload: dict[str, Any]) -> None:
    if not payload["draws"]:
        say("Nothing was drawn. Draw with `commonweal review draw`.")
        return
    columns = ("draw", "version", "size", "untouched", "begun", "disputed", "settled")
    table(columns, [[one[c] for c in columns] for one in payload["draws"]])
    say(f"Reviewers see: {payload['mask']}.")


def _show_estimate(payload: dict[str, Any]) -> None:
    say(f"Link version {payload['link_version']}, from {payload['reviews']:,} reviewed pairs:")
    for name, limits in payload["clusters"].items():
        say(f"  {name:<10} {_limits(limits)}")
    share = payload["assumed_never_compared"]
    say(
        f"Recall is {_limits(payload['recall_among_compared'])} among compared pairs, and the figure "
        f"above if {share:.1%} of all pairs of one person were never compared."
    )
    if payload["undetermined"]:
        say(f"{payload['undetermined']} could not be decided; the limits allow for either answer.")


def _limits(limits: dict[str, float]) -> str:
    return f"{limits['value']:.4f} ({limits['low']:.4f}–{limits['high']:.4f})"
