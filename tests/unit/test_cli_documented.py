"""Documentation of the command line, held to the code: every verb, option and exit code."""

import re
from pathlib import Path

import click
import pytest

from data_sharing_agreements.errors import CommonwealError
from pipelines.cli.main import VERBS, cli

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
TABLE = {line.split("|")[1].strip().strip("`"): line for line in PAGE.splitlines() if line.startswith("| `")}


def commands() -> dict[str, click.Command]:
    """Every verb, and every verb of a group by its full name."""
    found = {}
    with click.Context(cli) as context:
        for name in cli.list_commands(context):
            command = cli.get_command(context, name)
            if isinstance(command, click.Group):
                found |= {f"{name} {inner}": sub for inner, sub in command.commands.items()}
            else:
                found[name] = command
    return found


@pytest.mark.parametrize("name", commands())
def test_every_verb_is_documented_with_its_options(name: str) -> None:
    lines = [usage for usage in TABLE if re.match(rf"{name}(\s|$)", usage)]
    assert len(lines) == 1, f"docs/cli.md has one line on `{name}`"
    options = {
        option
        for parameter in commands()[name].params
        if isinstance(parameter, click.Option) and parameter.name != "as_json"
        for option in parameter.opts
        if not (option.startswith("--") and "-n" in parameter.opts)
    }
    assert {option for option in options if option not in lines[0]} == set()


@pytest.mark.parametrize("name", commands())
def test_every_verb_has_json_and_a_meaning(name: str) -> None:
    command = commands()[name]
    assert any(parameter.name == "as_json" for parameter in command.params)
    assert command.help


def test_no_verb_takes_who_asks() -> None:
    names = {parameter.name for command in commands().values() for parameter in command.params}
    assert not names & {"actor", "user", "account", "as_user"}


def test_nothing_is_documented_that_is_not_there() -> None:
    verbs = {usage.split()[0] for usage in TABLE}
    assert verbs == set(VERBS)


def test_every_exit_code_is_documented() -> None:
    codes = {kind.exit_code for kind in CommonwealError.__subclasses__()} | {0, 130}
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert codes <= documented
