"""Steps over many bits or bytes at once, each with a plain twin for when the jit is switched off.

The compiled ones read and write whole blocks: `SLACK` bytes must be there behind what they are asked to read
and to write, and what they write there has no meaning.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

from psl_index._jit import inlined

SLACK: Final = 64

_ONE: Final = np.uint64(1)
_BYTE: Final = ir.IntType(8)


def _block(context: Any, builder: Any, kind: Any, array: Any, index: Any, size: int) -> Any:
    """Pointer to the `size` bytes from ``array[index]``; nothing is checked."""
    layout = context.make_array(kind)(context, builder, array)
    item = cgutils.get_item_pointer(context, builder, kind, layout, [index], wraparound=False)
    return builder.bitcast(item, ir.VectorType(_BYTE, size).as_pointer())


def _copy_code(typingctx: Any, source: Any, begin: Any, target: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        origin = _block(context, builder, kinds[0], arguments[0], arguments[1], SLACK)
        goal = _block(context, builder, kinds[2], arguments[2], arguments[3], SLACK)
        builder.store(builder.load(origin, align=1), goal, align=1)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), codegen


def _upper_case_code(typingctx: Any, source: Any, begin: Any, target: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        vector = ir.VectorType(_BYTE, 16)
        origin = _block(context, builder, kinds[0], arguments[0], arguments[1], 16)
        goal = _block(context, builder, kinds[2], arguments[2], arguments[3], 16)
        letters = builder.and_(builder.load(origin, align=1), ir.Constant(vector, [0xDF] * 16))
        builder.store(letters, goal, align=1)
        ranks = builder.sub(letters, ir.Constant(vector, [ord("A")] * 16))
        others = builder.icmp_unsigned(">", ranks, ir.Constant(vector, [25] * 16))
        return builder.zext(builder.bitcast(others, ir.IntType(16)), ir.IntType(64))

    return types.int64(source, types.intp, target, types.intp), codegen


def _count_code(typingctx: Any, mask: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), codegen


_copy: Any = intrinsic(_copy_code)
_upper_case: Any = intrinsic(_upper_case_code)
_count: Any = intrinsic(_count_code)


def _lowest_jitted(mask: Any) -> Any:
    return np.int64(trailing_zeros(mask))


def _lowest_plain(mask: Any) -> Any:
    return (mask & -mask).bit_length() - 1 if mask else 64


def _without_lowest_jitted(mask: Any) -> Any:
    return mask & (mask - _ONE)


def _without_lowest_plain(mask: Any) -> Any:
    return mask & (mask - 1)


def _count_bits_jitted(mask: Any) -> Any:
    return _count(mask)


def _count_bits_plain(mask: Any) -> Any:
    return np.uint64(mask.bit_count())


def _copy_bytes_jitted(source: Any, begin: Any, end: Any, target: Any, at: Any) -> None:
    for place in range(begin, end, SLACK):
        _copy(source, place, target, at)
        at += SLACK


def _copy_bytes_plain(source: Any, begin: Any, end: Any, target: Any, at: Any) -> None:
    target[at : at + end - begin] = source[begin:end]


def _upper_case_jitted(source: Any, begin: Any, target: Any, at: Any) -> Any:
    return _upper_case(source, begin, target, at)


def _upper_case_plain(source: Any, begin: Any, target: Any, at: Any) -> Any:
    letters = source[begin : begin + 16] & 0xDF
    target[at : at + 16] = letters
    others = (letters < ord("A")) | (letters > ord("Z"))
    return sum(1 << place for place in range(16) if others[place])


# Place of the lowest set bit of a 64-bit mask, 64 where there is none.
lowest_bit = _lowest_plain if numba.config.DISABLE_JIT else inlined(_lowest_jitted)

# A 64-bit mask with its lowest set bit cleared.
without_lowest_bit = _without_lowest_plain if numba.config.DISABLE_JIT else inlined(_without_lowest_jitted)

# How many bits of a 64-bit mask are set, as a uint64.
count_bits = _count_bits_plain if numba.config.DISABLE_JIT else inlined(_count_bits_jitted)

# Copy `source[begin:end]` to `target[at:]`.
copy_bytes = _copy_bytes_plain if numba.config.DISABLE_JIT else inlined(_copy_bytes_jitted)

# Copy 16 bytes from `source[begin]` to `target[at:]` in upper case; bits 0-15: which of them are no letters.
upper_case = _upper_case_plain if numba.config.DISABLE_JIT else inlined(_upper_case_jitted)
