"""`commonweal`: the group of verbs, global options, and what an error looks like.

Belongs here: finding a verb, catching whatever it raises, exit codes. Does not:
any verb. Verbs are imported when asked for, so that a short one starts quickly.
"""

import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from pipelines.cli.context import Context
from pipelines.cli.output import show_error
from privacy.redaction import install as redact_logs

VERBS: dict[str, str] = {
    "init": "pipelines.cli.home:init",
    "synth": "pipelines.cli.synth:synth",
    "encode": "pipelines.cli.encode:encode",
    "run": "pipelines.cli.run:run",
    "status": "pipelines.cli.status:status",
    "login": "pipelines.cli.accounts:login",
    "logout": "pipelines.cli.accounts:logout",
    "whoami": "pipelines.cli.accounts:whoami",
    "account": "pipelines.cli.accounts:account",
    "agreement": "pipelines.cli.agreement:agreement",
    "sign": "pipelines.cli.sign:sign",
    "query": "pipelines.cli.query:query",
    "table": "pipelines.cli.query:table_verb",
    "indicators": "pipelines.cli.indicators:indicators",
    "evaluate": "pipelines.cli.evaluate:evaluate",
    "review": "pipelines.cli.review:review",
    "model": "pipelines.cli.model:model",
    "spine": "pipelines.cli.spine:spine",
    "explain": "pipelines.cli.explain:explain",
    "impact": "pipelines.cli.impact:impact",
    "lineage": "pipelines.cli.lineage:lineage",
    "log": "pipelines.cli.log:log",
    "end": "pipelines.cli.ends:end",
    "purge": "pipelines.cli.ends:purge",
    "hold": "pipelines.cli.ends_holds:hold",
    "certificate": "pipelines.cli.ends_holds:certificate",
    "quarantine": "pipelines.cli.quarantine:quarantine",
    "restrict": "pipelines.cli.restrict:restrict",
    "stop": "pipelines.cli.stop:stop",
    "resume": "pipelines.cli.stop:resume",
    "incident": "pipelines.cli.incident:incident",
    "register": "pipelines.cli.register:register",
    "report": "pipelines.cli.report:report",
    "doctor": "pipelines.cli.home:doctor",
    "backup": "pipelines.cli.home:backup",
    "restore": "pipelines.cli.home:restore",
}
"""Every verb and where it is."""

INTERRUPTED = 130


class Verbs(click.Group):
    """A group that imports a verb when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of their use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one verb, or None if there is none of that name."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name].split(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The deployment's commonweal.toml. Default: COMMONWEAL_CONFIG, else the one in this directory.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Runtime state. Default: COMMONWEAL_HOME, else what the file says.",
)
@click.version_option(package_name="commonweal", prog_name="commonweal")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, home: Path | None) -> None:
    """Link what a state's agencies know, as far as their agreements permit.

    Exit codes: 0 done, 1 a bug or a full disk, 2 usage, 3 refused by governance,
    4 data held, 5 invalid document, 6 integrity, 7 busy, 130 interrupted.
    """
    ctx.obj = Context(config, home)


def run_cli(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Nothing it raises escapes."""
    as_json = "--json" in arguments
    _quiet_libraries()
    try:
        result = cli.main(args=list(arguments) or ["--help"], prog_name="commonweal", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. Nothing half-done stays; the same command continues.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        return show_error(error, as_json=as_json)
    return result if isinstance(result, int) else 0


def _quiet_libraries() -> None:
    """Let libraries say warnings at most, and those without anything that looks like a value."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)
    redact_logs()


def main() -> None:
    """Run `commonweal` with the words of the command line."""
    sys.exit(run_cli(sys.argv[1:]))


if __name__ == "__main__":
    main()
