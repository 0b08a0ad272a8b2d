"""Two LSTM layers and a small head, stepped once per event with carried state.

Gates follow Hochreiter and Schmidhuber (1997) with a forget gate (Gers et al. 2000), in the order
input, forget, output, cell. Everything is float32. The weights of a layer are one matrix whose
rows are the inputs, then the hidden state, then the bias, so that the inner loop runs over
contiguous gates and vectorises without reordering a sum.
"""

import numpy as np
import numpy.typing as npt
from numba import njit


Float32 = npt.NDArray[np.float32]

_HALF = np.float32(0.5)
_TANH_LIMIT = np.float32(7.90531110763549805)
_P0 = np.float32(4.89352455891786e-03)
_P1 = np.float32(6.37261928875436e-04)
_P2 = np.float32(1.48572235717979e-05)
_P3 = np.float32(5.12229709037114e-08)
_P4 = np.float32(-8.60467152213735e-11)
_P5 = np.float32(2.00018790482477e-13)
_P6 = np.float32(-2.76076847742355e-16)
_Q0 = np.float32(4.89352518554385e-03)
_Q1 = np.float32(2.26843463243900e-03)
_Q2 = np.float32(1.18534705686654e-04)
_Q3 = np.float32(1.19825839466702e-06)


def pack_layer(
    input_weight: Float32, hidden_weight: Float32, bias: Float32
) -> npt.NDArray[np.float32]:
    """Return the weights of one layer as the kernel reads them.

    Sigmoid gates are stored halved (exact in binary): ``sigmoid(a) = tanh(a / 2) / 2 + 1 / 2``,
    so one tanh serves all four gates.

    Parameters
    ----------
    input_weight : float32[4 H, F]
        Rows in torch's gate order: input, forget, cell, output.
    hidden_weight : float32[4 H, H]
        The same for the hidden state.
    bias : float32[4 H]
        Sum of both biases.

    Returns
    -------
    float32[F + H + 1, 4 H]
        Columns in the order input, forget, output, cell.

    """
    rows = np.concatenate((input_weight, hidden_weight, bias[:, None]), axis=1)
    entry, forget, cell, output = np.split(rows, 4)
    packed = np.concatenate((entry * _HALF, forget * _HALF, output * _HALF, cell))
    return np.ascontiguousarray(packed.T, dtype=np.float32)


def state_size(inputs: int, hidden: int) -> int:
    """Return the number of float32 that `lstm_step` needs as state and scratch.

    They are: inputs and hidden state of layer 1, of layer 2, both cell states, the gates and
    the hidden layer of the head.
    """
    return (inputs + hidden) + 2 * hidden + 2 * hidden + 4 * hidden + hidden


@njit(cache=True, error_model="numpy")
def tanh_in_place(z: Float32) -> None:
    """Replace ``z`` by tanh(z): Eigen's 13/6 rational approximation, within 4e-7."""
    for k in range(z.shape[0]):
        x = min(max(z[k], -_TANH_LIMIT), _TANH_LIMIT)
        s = x * x
        p = s * (s * (s * (s * (s * (s * _P6 + _P5) + _P4) + _P3) + _P2) + _P1) + _P0
        q = s * (s * (s * _Q3 + _Q2) + _Q1) + _Q0
        z[k] = x * p / q


@njit(cache=True, error_model="numpy")
def affine(x: Float32, weight: Float32, out: Float32) -> None:
    """Write ``x @ weight[:-1] + weight[-1]`` into ``out``.

    Four inputs a pass keep the running sums in registers; every sum runs in the order of the
    inputs whatever the vector width.
    """
    count = x.shape[0]
    for k in range(out.shape[0]):
        out[k] = weight[count, k]
    whole = count - count % 4
    for j in range(0, whole, 4):
        x0, x1, x2, x3 = x[j], x[j + 1], x[j + 2], x[j + 3]
        w0, w1, w2, w3 = weight[j], weight[j + 1], weight[j + 2], weight[j + 3]
        for k in range(out.shape[0]):
            out[k] = (((out[k] + x0 * w0[k]) + x1 * w1[k]) + x2 * w2[k]) + x3 * w3[k]
    for j in range(whole, count):
        xj = x[j]
        wj = weight[j]
        for k in range(out.shape[0]):
            out[k] += xj * wj[k]


@njit(cache=True, error_model="numpy")
def cell_step(xh: Float32, weight: Float32, gates: Float32, cell: Float32, hidden: Float32) -> None:
    """Advance one layer: ``xh`` holds its inputs and hidden state, ``hidden`` gets the new one."""
    n = cell.shape[0]
    affine(xh, weight, gates)
    tanh_in_place(gates)
    for k in range(n):
        entry = _HALF * gates[k] + _HALF
        forget = _HALF * gates[n + k] + _HALF
        cell[k] = forget * cell[k] + entry * gates[3 * n + k]
        hidden[k] = cell[k]
    tanh_in_place(hidden)
    for k in range(n):
        hidden[k] = (_HALF * gates[2 * n + k] + _HALF) * hidden[k]


@njit(cache=True, error_model="numpy")
def lstm_step(  # noqa: PLR0913, PLR0917 - plain arrays are what a kernel unpacks fastest
    z: npt.NDArray[np.float64],
    layer1: Float32,
    layer2: Float32,
    head1: Float32,
    head2: Float32,
    state: Float32,
    out: npt.NDArray[np.float64],
) -> None:
    """Step on one event and write the class scores (before the softmax) into ``out``.

    Parameters
    ----------
    z : float64[F]
        Scaled inputs.
    layer1, layer2 : float32[F + H + 1, 4 H], float32[2 H + 1, 4 H]
        See `pack_layer`.
    head1, head2 : float32[H + 1, M], float32[M + 1, K]
        The head, with a ReLU between; last row is the bias.
    state : float32[state_size(F, H)]
        Carried from event to event; zeros at the start of a segment.
    out : float64[K]
        Class scores.

    """
    count = z.shape[0]
    n = layer1.shape[1] // 4
    first = state[: count + n]
    second = state[count + n : count + 3 * n]
    cells = state[count + 3 * n : count + 5 * n]
    gates = state[count + 5 * n : count + 9 * n]
    inner = state[count + 9 * n : count + 9 * n + head1.shape[1]]
    for k in range(count):
        first[k] = np.float32(z[k])
    cell_step(first, layer1, gates, cells[:n], second[:n])
    for k in range(n):
        first[count + k] = second[k]
    cell_step(second, layer2, gates, cells[n:], second[n:])
    affine(second[n:], head1, inner)
    for k in range(inner.shape[0]):
        inner[k] = max(inner[k], np.float32(0.0))
    scores = gates[: head2.shape[1]]
    affine(inner, head2, scores)
    for c in range(out.shape[0]):
        out[c] = scores[c]
