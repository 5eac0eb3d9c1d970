"""Rows for COPY BINARY, built as columns; all rows of one frame have the same width.

A row is a count of fields, then each field's length and bytes, all big-endian; length −1 is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = (-1).to_bytes(2, "big", signed=True)
_INT8_OID: Final = 20
_TEXT_OID: Final = 25
_ELEMENT: Final = np.dtype([("length", ">i4"), ("value", ">i8")])
"""A bigint in an array."""
Bytes = NDArray[np.uint8]


def _int4(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


class Frame:
    """Rows of one width; fields are added from left to right, as a constant or one value per
    row."""

    def __init__(self, rows: int, fields: int) -> None:
        self.rows = rows
        self._parts: list[bytes | Bytes | NDArray[np.int64]] = [fields.to_bytes(2, "big")]

    def text(self, value: str) -> Frame:
        """Add the same text to every row."""
        raw = value.encode()
        return self._add(_int4(len(raw)) + raw)

    def texts(self, values: Sequence[str]) -> Frame:
        """Add the same array of texts to every row."""
        cells = b"".join(_int4(len(raw)) + raw for raw in map(str.encode, values))
        return self._array(_TEXT_OID, len(values), len(cells))._add(cells)

    def null(self) -> Frame:
        """Add null to every row."""
        return self._add(_int4(-1))

    def int8(self, values: NDArray[np.int64]) -> Frame:
        """Add a bigint per row."""
        return self._sized(8, values.astype(">i8").view(np.uint8).reshape(self.rows, 8))

    def int4(self, values: NDArray[np.int64]) -> Frame:
        """Add an integer per row."""
        return self._sized(4, values.astype(">i4").view(np.uint8).reshape(self.rows, 4))

    def int2(self, value: int) -> Frame:
        """Add the same smallint to every row."""
        return self._add(_int4(2) + value.to_bytes(2, "big", signed=True))

    def uuids(self, values: Bytes) -> Frame:
        """Add a uuid per row, as sixteen bytes."""
        return self._sized(16, values)

    def int8s(self, values: NDArray[np.int64]) -> Frame:
        """Add an array of bigint per row, all of one length."""
        count = values.shape[1]
        return self._array(_INT8_OID, count, _ELEMENT.itemsize * count)._add(values)

    def _array(self, oid: int, count: int, width: int) -> Frame:
        """Add the head of an array of one dimension, without nulls, whose elements take `width` bytes."""
        head = _int4(1) + _int4(0) + _int4(oid) + _int4(count) + _int4(1)
        return self._add(_int4(len(head) + width) + head)

    def _sized(self, size: int, cells: Bytes) -> Frame:
        self._add(_int4(size))
        return self._add(cells)

    def _add(self, part: bytes | Bytes | NDArray[np.int64]) -> Frame:
        self._parts.append(part)
        return self

    def matrix(self) -> Bytes:
        """Return the bytes, one row below the other."""
        widths = [_width(part) for part in self._parts]
        whole = np.empty((self.rows, sum(widths)), np.uint8)
        at = 0
        for part, width in zip(self._parts, widths, strict=True):
            cells = whole[:, at : at + width]
            if isinstance(part, bytes):
                cells[:] = np.frombuffer(part, np.uint8)
            elif part.dtype == np.uint8:
                cells[:] = part
            else:
                elements = cells.view(_ELEMENT)
                elements["length"], elements["value"] = 8, part
            at += width
        return whole


def _width(part: bytes | Bytes | NDArray[np.int64]) -> int:
    """Count the bytes that a part takes in a row."""
    if isinstance(part, bytes):
        return len(part)
    return int(part.shape[1]) * (1 if part.dtype == np.uint8 else _ELEMENT.itemsize)


def uuid_bytes(ids: list[UUID]) -> Bytes:
    """Return uuids as rows of sixteen bytes."""
    return np.frombuffer(b"".join(one.bytes for one in ids), np.uint8).reshape(len(ids), 16)


def read_int8s(copied: bytes, columns: int) -> NDArray[np.int64]:
    """Read rows of bigint from COPY BINARY; none may be null."""
    body = np.frombuffer(copied, np.uint8)[len(SIGNATURE) : len(copied) - len(TRAILER)]
    cells = body.reshape(-1, 2 + 12 * columns)[:, 2:].reshape(-1, columns, 12)
    values = np.ascontiguousarray(cells[:, :, 4:]).view(">i8")
    return values.reshape(-1, columns).astype(np.int64)
