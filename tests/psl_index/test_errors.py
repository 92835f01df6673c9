"""Errors travel between machines whole."""

from __future__ import annotations

import pickle

import pytest

from psl_index import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.InputError("is cut", file="a.dat", line=3, remedy="get it again"),
        errors.UsageError("makes no sense"),
        errors.PeptideError("is none", number=4, remedy="leave it out"),
        errors.InvalidIndexError("is missing", file="pos.bin"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_pickling(error: errors.PslidxError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert (str(arrived), vars(arrived), arrived.args) == (str(error), vars(error), error.args)
