# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and writing whole files, without `pathlib`, which takes longer to import than to use.

Text is UTF-8; what is not passes through unchanged.
"""

from __future__ import annotations

import os


def decode(data: bytes) -> str:
    """Text from bytes."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """What `decode` made text from."""
    return text.encode("utf-8", "surrogateescape")


def read_bytes(path: str) -> bytes:
    """All of a file.

    Raises:
        OSError: when it cannot be read.
    """
    with open(path, "rb") as file:
        return file.read()


def read_text(path: str) -> str:
    """All of a file as text.

    Raises:
        OSError: when it cannot be read.
    """
    return decode(read_bytes(path))


def write_if_changed(path: str, content: str) -> None:
    """Write a file, its directory included, unless it holds just that already.

    Raises:
        OSError: when it cannot be written.
    """
    data = encode(content)
    if os.path.isfile(path) and read_bytes(path) == data:
        return
    directory = os.path.dirname(path)
    if directory:
        os.makedirs(directory, exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def base_name(path: str) -> str:
    """The last component of a path."""
    return os.path.basename(path)


def stem(path: str) -> str:
    """The last component of a path, without its suffix."""
    return os.path.splitext(os.path.basename(path))[0]
