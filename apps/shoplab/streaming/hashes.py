"""Spark's xxhash64 of Arrow's columns: XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md) of each value, with the
hash of the columns before it as the seed, 42 for the first; a null leaves it as it is. The stream's memory knows things
by these, whoever has read them.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplab.recommend.compiled import compiled

_SEED = 42
_1, _2, _3, _4, _5 = (
    np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9),
    np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5),
)  # fmt: skip
Hashes = NDArray[np.uint64]


def xxhash64(columns: Iterable[pa.Array]) -> pa.Array:
    """Of each row, as int64. Columns: text, whole numbers of 32 or 64 bits, timestamps in microseconds, doubles."""
    hashes: Hashes | None = None
    for column in columns:
        if hashes is None:
            hashes = np.full(len(column), _SEED, np.uint64)
        valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        if pa.types.is_string(column.type):
            _texts(hashes, valid, *bytes_of(column))
        else:
            _numbers(hashes, valid, _words(column), 4 if pa.types.is_int32(column.type) else 8)
    assert hashes is not None
    return pa.array(hashes.view(np.int64))


def bytes_of(column: pa.StringArray | pa.BinaryArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The bytes of all rows, and where each begins, with the end."""
    _, offsets, data = column.buffers()
    starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8), starts


def _words(column: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_floating(column.type):
        numbers = pc.fill_null(column, 0.0).to_numpy() + 0.0  # of zero there is one
        words: NDArray[np.uint64] = numbers.view(np.uint64)
        return words
    whole: NDArray[np.int64] = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    return whole.view(np.uint64)


@compiled
def _turned(value: np.uint64, by: int) -> np.uint64:
    return (value << np.uint64(by)) | (value >> np.uint64(64 - by))


@compiled
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(33))) * _2
    value = (value ^ (value >> np.uint64(29))) * _3
    return value ^ (value >> np.uint64(32))


@compiled
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _turned(lane + word * _2, 31) * _1


@compiled
def _with_8(value: np.uint64, word: np.uint64) -> np.uint64:
    return _turned(value ^ _round(np.uint64(0), word), 27) * _1 + _4


@compiled
def _with_4(value: np.uint64, word: np.uint64) -> np.uint64:
    return _turned(value ^ (word * _1), 23) * _2 + _3


@compiled
def _word(text: NDArray[np.uint8], at: int, size: int) -> np.uint64:
    """Little-endian."""
    word = np.uint64(0)
    for place in range(size):
        word |= np.uint64(text[at + place]) << np.uint64(8 * place)
    return word


@compiled
def _lanes(seed: np.uint64, text: NDArray[np.uint8], at: int, end: int) -> np.uint64:
    """Of all whole 32 bytes of a longer text."""
    first, second, third, fourth = seed + _1 + _2, seed + _2, seed, seed - _1
    while at + 32 <= end:
        first, second = _round(first, _word(text, at, 8)), _round(second, _word(text, at + 8, 8))
        third, fourth = _round(third, _word(text, at + 16, 8)), _round(fourth, _word(text, at + 24, 8))
        at += 32
    value = _turned(first, 1) + _turned(second, 7) + _turned(third, 12) + _turned(fourth, 18)
    for lane in (first, second, third, fourth):
        value = (value ^ _round(np.uint64(0), lane)) * _1 + _4
    return value


@compiled
def _text(seed: np.uint64, text: NDArray[np.uint8], at: int, end: int) -> np.uint64:
    size = end - at
    value = _lanes(seed, text, at, end) if size >= 32 else seed + _5
    at += size - size % 32
    value += np.uint64(size)
    while at + 8 <= end:
        value = _with_8(value, _word(text, at, 8))
        at += 8
    if at + 4 <= end:
        value = _with_4(value, _word(text, at, 4))
        at += 4
    while at < end:
        value = _turned(value ^ (np.uint64(text[at]) * _5), 11) * _1
        at += 1
    return _mixed(value)


@compiled
def _texts(hashes: Hashes, valid: NDArray[np.bool_], text: NDArray[np.uint8], starts: NDArray[np.int32]) -> None:
    for row in range(len(hashes)):
        if valid[row]:
            hashes[row] = _text(hashes[row], text, starts[row], starts[row + 1])


@compiled
def _numbers(hashes: Hashes, valid: NDArray[np.bool_], words: NDArray[np.uint64], size: int) -> None:
    for row in range(len(hashes)):
        if valid[row] and size == 8:
            hashes[row] = _mixed(_with_8(hashes[row] + _5 + np.uint64(8), words[row]))
        elif valid[row]:
            hashes[row] = _mixed(_with_4(hashes[row] + _5 + np.uint64(4), words[row] & np.uint64(0xFFFFFFFF)))
