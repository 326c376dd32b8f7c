# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of samples: decoded lazily, with and without numpy."""

import struct
import sys

import numpy
import pytest

from perfmon.errors import MissingExtraError
from perfmon.interface import Flag
from perfmon.samples import LAYOUT, Sample, Samples, _numpy

RECORDS = [
    Sample(2**64 - 1, 255, 254, 2**16 - 1, 2**32 - 1, 1, 2, 3, 4),
    Sample(1, 2, 3, 4, 5, 6, 7, 8, 9),
    Sample(0, 0, 0, 3, 0, 0, 0, 0, 0),
]
DATA = b"".join(struct.pack("<QBBHIIIII", *record) for record in RECORDS)


@pytest.fixture
def batch() -> Samples:
    return Samples(3, 7, 15, 5, DATA)


def test_a_batch_is_a_sequence_of_samples(batch):
    assert len(batch) == 3
    assert list(batch) == RECORDS
    assert batch[1] == RECORDS[1]
    assert batch[-1] == RECORDS[-1]
    assert batch[1:] == tuple(RECORDS[1:])
    with pytest.raises(IndexError):
        batch[3]


def test_every_field_of_the_numpy_view_is_that_of_the_sample(batch):
    array = batch.array
    assert [tuple(int(x) for x in row) for row in array] == [tuple(r) for r in RECORDS]
    assert array.dtype.names == Sample._fields
    assert array.dtype.itemsize == sum(width for _, width in LAYOUT)


def test_the_numpy_view_is_the_batchs_own_memory(batch):
    assert numpy.shares_memory(batch.array, numpy.frombuffer(DATA, "u1"))
    assert not batch.array.flags.writeable


def test_a_batch_cannot_be_changed():
    batch = Samples(0, 0, 3, 0, bytearray(DATA))
    with pytest.raises(TypeError):
        batch.buffer[0] = 1
    assert not batch.array.flags.writeable


def test_without_numpy_the_extra_is_asked_for_by_name(batch, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    _numpy.cache_clear()
    with pytest.raises(MissingExtraError, match=r"perfmon\[arrays\]"):
        _ = batch.array
    assert list(batch) == RECORDS


def test_flags_are_an_enumeration(batch):
    assert batch[2].flag_set == Flag.ERROR | Flag.WAITED


def test_a_broken_batch_is_refused():
    with pytest.raises(ValueError, match="no whole number of samples"):
        Samples(0, 0, 0, 0, DATA[:-1])


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_a_column_is_one_field_of_every_sample(batch, monkeypatch, byteorder):
    monkeypatch.setattr(sys, "byteorder", byteorder)
    for at, (name, _) in enumerate(LAYOUT):
        assert batch.column(name) == [record[at] for record in RECORDS]
