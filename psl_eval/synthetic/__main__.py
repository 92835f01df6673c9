"""``python -m psl_eval.synthetic``: write a synthetic Swiss-Prot."""

from __future__ import annotations

import click

from psl_eval.synthetic import proteome, write_fasta, write_flat_file
from psl_index.errors import PslidxError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--residues", type=click.IntRange(min=1), default=1_000_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("-o", "--output", required=True, help="The file; compressed if it ends in .gz.")
@click.option("--fasta", is_flag=True, help="FASTA instead of a flat file.")
def main(residues: int, seed: int, output: str, fasta: bool) -> None:
    """Make up proteins that resemble Swiss-Prot's, with planted sorting signals.

    The same numbers give the same file. Example:

        python -m psl_eval.synthetic --residues 1000000 --seed 1 -o synthetic.dat.gz
    """
    blocks = proteome(residues, seed)
    try:
        if fasta:
            write_fasta(blocks, output)
        else:
            write_flat_file(blocks, output, seed=seed)
    except PslidxError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
