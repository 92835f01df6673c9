"""The group of commands, each loaded only when it is called for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from pslidx.exit_codes import Session
from pslidx.options import debug_option

# Modules of commands import what is heavy (numba, pyarrow, duckdb) inside the commands: help and usage errors
# must not wait for it.
COMMANDS: Final = {
    "build": "pslidx.index_commands",
    "info": "pslidx.index_commands",
    "verify": "pslidx.index_commands",
    "search": "pslidx.search_commands",
    "sql": "pslidx.search_commands",
    "train": "pslidx.train_command",
    "predict": "pslidx.predict_command",
    "attribute": "pslidx.attribute_command",
    "extract": "pslidx.extract_command",
    "hitrate": "pslidx.hitrate_command",
    "compare": "pslidx.compare_command",
    "experiment": "pslidx.experiment_group",
    "report": "pslidx.report_command",
    "plot": "pslidx.plot_command",
    "validate": "pslidx.validate_command",
    "cluster": "pslidx.cluster_command",
    "import-checkpoint": "pslidx.import_command",
    "demo": "pslidx.demo_command",
}


class LazyGroup(click.Group):
    """Finds each command as the attribute of its name in the module that `COMMANDS` names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 bad data or a result that cannot be written, 2 usage, 3 invalid index, "
    "4 remote service, 130 interrupted, 141 closed pipe, 143 terminated.",
)
@click.version_option(package_name="pslidx", prog_name="pslidx", message="%(prog)s %(version)s")
@debug_option
def pslidx() -> None:
    """Predict where proteins are, ask which residues said so, and whether Swiss-Prot agrees.

    \b
    Example:
      pslidx build uniprot_sprot.dat.gz -o sprot
      pslidx search sprot MAAAAGRS
    """


def invoke(arguments: Sequence[str], session: Session) -> int:
    """Run the command line `arguments`; returns the exit code of a success or of help, raises errors."""
    try:
        with pslidx.make_context("pslidx", list(arguments) or ["--help"], obj=session) as context:
            pslidx.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    return 0
