"""Machine instructions that Numba has no name for, each with a plain twin for when the jit is switched off."""

from __future__ import annotations

import sys
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from psl_index._jit import inlined


def _address(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Pointer to the byte where ``array[index]`` starts; nothing is checked."""
    array_type = signature.args[0]
    array = context.make_array(array_type)(context, builder, arguments[0])
    item = cgutils.get_item_pointer(context, builder, array_type, array, [arguments[1]], wraparound=False)
    return builder.bitcast(item, ir.IntType(8).as_pointer())


def _prefetch_code(typingctx: Any, array: Any, index: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, int32 = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [pointer, int32, int32, int32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], shape)
        for_reading, keep_in_all_caches, of_data = int32(0), int32(3), int32(1)
        address = _address(context, builder, signature, arguments)
        builder.call(function, [address, for_reading, keep_in_all_caches, of_data])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


def _load_code(typingctx: Any, text: Any, start: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature, arguments)
        word = builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()), align=1)
        return builder.bswap(word) if sys.byteorder == "little" else word

    return types.uint64(text, types.intp), codegen


def _byte_code(typingctx: Any, text: Any, start: Any, letter: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        int8, int32 = ir.IntType(8), ir.IntType(32)
        vector = ir.VectorType(int8, 64)
        undefined = ir.Constant(vector, ir.Undefined)
        address = _address(context, builder, signature, arguments)
        block = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
        first = builder.insert_element(undefined, builder.trunc(arguments[2], int8), int32(0))
        letters = builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(int32, 64), [0] * 64))
        return builder.bitcast(builder.icmp_unsigned("==", block, letters), ir.IntType(64))

    return types.uint64(text, types.intp, types.int64), codegen


_prefetch: Any = intrinsic(_prefetch_code)
_load: Any = intrinsic(_load_code)
_bytes: Any = intrinsic(_byte_code)


def _prefetch_jitted(array: Any, index: Any) -> None:
    _prefetch(array, index)


def _prefetch_plain(array: Any, index: Any) -> None:
    """Without the jit there is nothing to hide behind a prefetch."""


def _load_jitted(text: Any, start: Any) -> Any:
    return _load(text, start)


def _load_plain(text: Any, start: Any) -> Any:
    return np.uint64(int.from_bytes(bytes(text[start : start + 8]), "big"))


def _bytes_jitted(text: Any, start: Any, letter: Any) -> Any:
    return _bytes(text, start, letter)


def _bytes_plain(text: Any, start: Any, letter: Any) -> Any:
    block = text[start : start + 64]  # what lies behind the end of a view holds no letter
    return sum(1 << bit for bit in np.flatnonzero(block == letter).tolist())


# Ask for the cache line of `array[index]`; the index is not checked and may lie outside the array.
prefetch = _prefetch_plain if numba.config.DISABLE_JIT else inlined(_prefetch_jitted)

# Bytes `text[start:start + 8]` as one uint64, the first in the highest bits; they must be readable.
load_big_endian = _load_plain if numba.config.DISABLE_JIT else inlined(_load_jitted)

# Bits 0-63 of a uint64: whether `text[start + bit]` is a letter; 64 bytes must be readable there.
byte_mask = _bytes_plain if numba.config.DISABLE_JIT else inlined(_bytes_jitted)
