"""Steps over many bytes at once, each with a plain twin for when the jit is switched off.

The compiled ones read and write whole blocks: `SLACK` bytes must be there behind what they are asked to read and to
write, and what they write there is of no meaning.
"""

from __future__ import annotations

from typing import Any, Final

import numba
from numba.extending import intrinsic

from psl_index._jit import inlined

SLACK: Final = 32

if numba.config.DISABLE_JIT:

    def lowest_bit(mask: int) -> int:
        """Place of the lowest set bit of a 64-bit mask, 64 where there is none."""
        return (mask & -mask).bit_length() - 1 if mask else 64

    def without_lowest_bit(mask: int) -> int:
        """The mask with its lowest set bit cleared."""
        return mask & (mask - 1)

    def copy_bytes(source: Any, begin: int, end: int, target: Any, at: int) -> None:
        """Copy ``source[begin:end]`` to ``target[at:]``."""
        target[at : at + end - begin] = source[begin:end]

    def upper_case(source: Any, begin: int, target: Any, at: int) -> int:
        """Copy 16 bytes in upper case; bits 0-15 of the result: which of them are no letters."""
        others = 0
        for place in range(16):
            letter = int(source[begin + place]) & 0xDF
            target[at + place] = letter
            others |= (not 65 <= letter <= 90) << place
        return others

else:
    import numpy as np
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.cpython.unsafe.numbers import trailing_zeros

    _ONE = np.uint64(1)
    _BYTE = ir.IntType(8)

    @inlined
    def lowest_bit(mask: Any) -> Any:
        """Place of the lowest set bit of a 64-bit mask, 64 where there is none."""
        return np.int64(trailing_zeros(mask))

    @inlined
    def without_lowest_bit(mask: Any) -> Any:
        """The mask with its lowest set bit cleared."""
        return mask & (mask - _ONE)

    @inlined
    def copy_bytes(source: Any, begin: Any, end: Any, target: Any, at: Any) -> None:
        """Copy ``source[begin:end]`` to ``target[at:]``."""
        for place in range(begin, end, SLACK):
            _copy_block(source, place, target, at)
            at += SLACK

    @inlined
    def upper_case(source: Any, begin: Any, target: Any, at: Any) -> Any:
        """Copy 16 bytes in upper case; bits 0-15 of the result: which of them are no letters."""
        return _upper_case_block(source, begin, target, at)

    def _block_pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any, size: int) -> Any:
        layout = context.make_array(kind)(context, builder, array)
        address = cgutils.get_item_pointer(context, builder, kind, layout, [index], wraparound=False)
        return builder.bitcast(address, ir.VectorType(_BYTE, size).as_pointer())

    @intrinsic
    def _copy_block(typingctx: Any, source: Any, begin: Any, target: Any, at: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kinds = signature.args
            origin = _block_pointer(context, builder, kinds[0], arguments[0], arguments[1], SLACK)
            goal = _block_pointer(context, builder, kinds[2], arguments[2], arguments[3], SLACK)
            builder.store(builder.load(origin, align=1), goal, align=1)
            return context.get_dummy_value()

        return types.void(source, types.intp, target, types.intp), codegen

    @intrinsic
    def _upper_case_block(typingctx: Any, source: Any, begin: Any, target: Any, at: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kinds = signature.args
            vector = ir.VectorType(_BYTE, 16)
            origin = _block_pointer(context, builder, kinds[0], arguments[0], arguments[1], 16)
            goal = _block_pointer(context, builder, kinds[2], arguments[2], arguments[3], 16)
            letters = builder.and_(builder.load(origin, align=1), ir.Constant(vector, [0xDF] * 16))
            builder.store(letters, goal, align=1)
            ranks = builder.sub(letters, ir.Constant(vector, [65] * 16))
            others = builder.icmp_unsigned(">", ranks, ir.Constant(vector, [25] * 16))
            return builder.zext(builder.bitcast(others, ir.IntType(16)), ir.IntType(64))

        return types.int64(source, types.intp, target, types.intp), codegen
