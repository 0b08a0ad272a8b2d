"""Raw input files: plain text, gzip or zip, read in blocks of whole lines."""

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.errors import InputError


BLOCK_BYTES = 1 << 23
_PIECE_BYTES = 1 << 18
_LONGEST_LINE = 1 << 26
_NEWLINE = 10
_COPY_AGAIN = (
    "copy or download the file again; to keep its readable part, unpack it with "
    "`gzip -dc FILE > part.txt`, delete the last line and import part.txt"
)


class Block(msgspec.Struct, frozen=True):
    """Consecutive whole lines of a file.

    Attributes
    ----------
    text : uint8[bytes]
    starts, stops : int64[n]
        Offsets of the lines, newline and carriage return excluded.
    first_line : int
        Number of the first line, counted from 1.
    read_bytes : int
        How far the file on disk has been read.

    """

    text: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    first_line: int
    read_bytes: int

    def line(self, number: int) -> str:
        """Return one line as text; bytes that are no UTF-8 are written as escapes."""
        k = number - self.first_line
        raw = self.text[self.starts[k] : self.stops[k]].tobytes()
        return raw.decode("utf-8", errors="backslashreplace")


def sha256(path: Path) -> str:
    """Return the file's SHA-256 as hexadecimal text."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise InputError(message, "check the path and its permissions") from error


@contextmanager
def _open(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Yield the unpacked stream and the file on disk below it."""
    with path.open("rb") as disk:
        magic = disk.read(4)
        disk.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with io.BufferedReader(gzip.GzipFile(fileobj=disk)) as unpacked:
                yield unpacked, disk
        elif magic == b"PK\x03\x04":
            with zipfile.ZipFile(disk) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
                if len(members) != 1:
                    message = f"{path} holds {len(members)} files, a Binance archive holds one"
                    raise InputError(message, "unpack it and import the csv files")
                with archive.open(members[0]) as unpacked:
                    yield unpacked, disk
        else:
            yield disk, disk


def _block(data: bytes, first_line: int, read_bytes: int) -> Block:
    text = np.frombuffer(data, np.uint8)
    stops = np.flatnonzero(text == _NEWLINE)
    if len(text) and text[-1] != _NEWLINE:
        stops = np.append(stops, len(text))
    starts = np.concatenate([[0], stops[:-1] + 1]).astype(np.int64)[: len(stops)]
    filled = stops > starts
    carriage = np.zeros(len(stops), np.int64)
    carriage[filled] = text[stops[filled] - 1] == ord("\r")
    return Block(text, starts, stops - carriage, first_line, read_bytes)


def blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield the file's lines in blocks of about ``block_bytes`` unpacked bytes.

    Raises
    ------
    InputError
        If the file cannot be read, is truncated or is corrupt; the message names the line.

    """
    line = 1
    data = bytearray()
    try:
        with _open(path) as (unpacked, disk):
            while piece := unpacked.read(_PIECE_BYTES):
                data += piece
                end = data.rfind(b"\n") + 1
                if end == 0 and len(data) > _LONGEST_LINE:
                    message = f"{path}, line {line} is longer than {_LONGEST_LINE:,} bytes"
                    raise InputError(message, "give a text file with one message a line")
                if len(data) < block_bytes or end == 0:
                    continue
                block = _block(bytes(data[:end]), line, disk.tell())
                del data[:end]
                line += len(block.starts)
                yield block
            if data:
                yield _block(bytes(data), line, disk.tell())
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        last = line - 1 + data.count(b"\n")
        message = f"{path} is truncated or corrupt after line {last}: {error}"
        raise InputError(message, _COPY_AGAIN) from error
    except OSError as error:
        message = f"{path} cannot be read at line {line}: {error.strerror or error}"
        raise InputError(message, "check the path, its permissions and the disk") from error


def first_lines(path: Path, count: int) -> list[bytes]:
    """Return up to ``count`` lines from the start of the file.

    Raises
    ------
    InputError
        If the file is empty or cannot be read.

    """
    for block in blocks(path, 1 << 20):
        pairs = zip(block.starts[:count].tolist(), block.stops[:count].tolist(), strict=True)
        return [block.text[start:stop].tobytes() for start, stop in pairs]
    message = f"{path} is empty"
    raise InputError(message, "give a recording or an archive file that holds data")
