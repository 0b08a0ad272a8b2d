"""Integer columns to Nautilus's Arrow columns and back, exactly.

Nautilus 1.231 (high precision) stores a price or quantity as a signed 128-bit little-endian
integer of ``10**-16``. An integer of ``10**-precision`` becomes that by one multiplication, done
here in 32-bit limbs on whole columns.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from nautilus_trader.model.objects import FIXED_PRECISION


_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_TWO_64 = 2.0**64

type Ints = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]


def fixed_column(values: Ints, precision: int) -> pa.FixedSizeBinaryArray:
    """Encode integers of ``10**-precision`` as Nautilus's 128-bit fixed-point column.

    Parameters
    ----------
    values : int64[n]
    precision : int
        Decimals of the values, 0 to 16.

    Returns
    -------
    pyarrow.FixedSizeBinaryArray
        ``n`` values of 16 bytes.

    """
    scale = np.uint64(10 ** (FIXED_PRECISION - precision))
    magnitude = np.abs(values).astype(np.uint64)
    low, high = magnitude & _MASK, magnitude >> _SHIFT
    scale_low, scale_high = scale & _MASK, scale >> _SHIFT
    low_low, low_high = low * scale_low, low * scale_high
    high_low, high_high = high * scale_low, high * scale_high
    middle = (low_low >> _SHIFT) + (low_high & _MASK) + (high_low & _MASK)
    out = np.empty((len(values), 2), "<u8")
    out[:, 0] = (low_low & _MASK) | ((middle & _MASK) << _SHIFT)
    out[:, 1] = high_high + (low_high >> _SHIFT) + (high_low >> _SHIFT) + (middle >> _SHIFT)
    negative = values < 0
    if negative.any():
        borrow = out[negative, 0] != 0
        out[negative, 1] = ~out[negative, 1] + (~borrow).astype(np.uint64)
        out[negative, 0] = ~out[negative, 0] + np.uint64(1)
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(values), [None, pa.py_buffer(out)]
    )


def fixed_values(column: pa.Array, precision: int) -> Floats:
    """Decode a 128-bit fixed-point column to the doubles nearest to its decimals.

    Exact as long as a value has at most 15 significant digits, which holds for every price and
    quantity that an exchange prints.

    Parameters
    ----------
    column : pyarrow.FixedSizeBinaryArray
        ``n`` values of 16 bytes, without nulls.
    precision : int
        Decimals of the values.

    Returns
    -------
    float64[n]

    """
    raw = np.frombuffer(column.buffers()[1], "<u8").reshape(-1, 2)
    raw = raw[column.offset : column.offset + len(column)]
    whole = raw[:, 1].view(np.int64) * _TWO_64 + raw[:, 0]
    ticks: Floats = np.rint(whole / 10.0 ** (FIXED_PRECISION - precision))
    return ticks / 10.0**precision


def decimal_texts(values: Ints, precision: int) -> list[str]:
    """Write integers of ``10**-precision`` as decimal strings.

    >>> decimal_texts(np.array([2754, -10000]), 8)
    ['0.00002754', '-0.00010000']

    """
    width = precision + 1
    texts = (f"{abs(v):0{width}d}" for v in values.tolist())
    signs = ("-" if v < 0 else "" for v in values.tolist())
    return [f"{s}{t[:-precision]}.{t[-precision:]}" for s, t in zip(signs, texts, strict=True)]
