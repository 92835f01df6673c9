"""Machine instructions that Numba has no name for, each with a plain twin for when the jit is switched off."""

from __future__ import annotations

import sys
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic

from psl_index._jit import inlined

if numba.config.DISABLE_JIT:

    def prefetch(array: Any, index: Any) -> None:
        """Do nothing: without the jit there is nothing to hide behind a prefetch."""

    def load_big_endian(text: Any, start: Any) -> Any:
        """Bytes ``text[start:start + 8]`` as one integer, the first in the highest bits."""
        return np.uint64(int.from_bytes(bytes(text[start : start + 8]), "big"))

    def newline_mask(text: Any, start: Any) -> int:
        """Bits 0-63: whether ``text[start + bit]`` is a line feed."""
        return sum(1 << bit for bit in range(64) if text[start + bit] == 10)

else:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils

    @intrinsic
    def _prefetch_address(typingctx: Any, array: Any, index: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            layout = context.make_array(signature.args[0])(context, builder, arguments[0])
            address = cgutils.get_item_pointer(
                context, builder, signature.args[0], layout, [arguments[1]], wraparound=False
            )
            pointer = builder.bitcast(address, ir.IntType(8).as_pointer())
            int32 = ir.IntType(32)
            function = builder.module.declare_intrinsic(
                "llvm.prefetch", [ir.IntType(8).as_pointer()], ir.FunctionType(
                    ir.VoidType(), [ir.IntType(8).as_pointer(), int32, int32, int32]
                )
            )
            builder.call(function, [pointer, int32(0), int32(3), int32(1)])
            return context.get_dummy_value()

        return types.void(array, types.intp), codegen

    @intrinsic
    def _load_big_endian(typingctx: Any, text: Any, start: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            layout = context.make_array(signature.args[0])(context, builder, arguments[0])
            address = cgutils.get_item_pointer(
                context, builder, signature.args[0], layout, [arguments[1]], wraparound=False
            )
            word = builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()), align=1)
            return builder.bswap(word) if sys.byteorder == "little" else word

        return types.uint64(text, types.intp), codegen

    @intrinsic
    def _newline_mask(typingctx: Any, text: Any, start: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            layout = context.make_array(signature.args[0])(context, builder, arguments[0])
            address = cgutils.get_item_pointer(
                context, builder, signature.args[0], layout, [arguments[1]], wraparound=False
            )
            byte = ir.IntType(8)
            vector = ir.VectorType(byte, 64)
            block = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
            feeds = builder.icmp_unsigned("==", block, ir.Constant(vector, [10] * 64))
            return builder.bitcast(feeds, ir.IntType(64))

        return types.uint64(text, types.intp), codegen

    @inlined
    def prefetch(array: Any, index: Any) -> None:
        """Ask for the cache line of ``array[index]``; the index is not checked and may lie outside the array."""
        _prefetch_address(array, index)

    @inlined
    def load_big_endian(text: Any, start: Any) -> Any:
        """Bytes ``text[start:start + 8]`` as one integer, the first in the highest bits; they must be readable."""
        return _load_big_endian(text, start)

    @inlined
    def newline_mask(text: Any, start: Any) -> Any:
        """Bits 0-63: whether ``text[start + bit]`` is a line feed; 64 bytes must be readable there."""
        return _newline_mask(text, start)
