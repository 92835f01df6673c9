"""The group of experiments, each loaded only when it is called for: experiment."""

from __future__ import annotations

from importlib import import_module

import click

from pslidx.experiments.listing import EXPERIMENTS
from pslidx.options import debug_option


class _Experiments(click.Group):
    """Finds each experiment as the attribute `command` of the module that `EXPERIMENTS` names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["list", *EXPERIMENTS]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without an argument help, as of `pslidx` itself."""
        return super().parse_args(ctx, args or ["--help"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "list":
            return _list
        if cmd_name not in EXPERIMENTS:
            return None
        command = import_module(EXPERIMENTS[cmd_name].module).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Experiments)
@debug_option
def experiment() -> None:
    """Run an experiment on models and their explanations.

    Each writes tables (TSV, JSON), figures (PNG, SVG) and a manifest into a folder, and says what it found. Run again
    with the same folder it goes on from what is done.

    \b
    Example:
      pslidx experiment list
      pslidx experiment hit-rate-table sprot proteins.fasta --model bilstm-attention -o rates
    """


@click.command("list")
@debug_option
def _list() -> None:
    """Say what each experiment asks, needs and costs.

    \b
    Example:
      pslidx experiment list
    """
    for name, listed in EXPERIMENTS.items():
        click.echo(f"{name}\n  asks   {listed.asks}\n  needs  {listed.needs}\n  costs  {listed.cost}\n")
