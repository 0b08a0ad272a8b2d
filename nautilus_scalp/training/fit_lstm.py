"""Fit the LSTM with torch on contiguous event streams, and pack it for the compiled model.

Recipe: AdamW with cosine warm restarts (Loshchilov and Hutter 2017, 2019), gradient clipping,
balanced class weights, early stopping on held-out rows, truncated back-propagation through time.
"""

import copy
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from nautilus_scalp.models.lstm import pack_layer
from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.labels import balance


CLASSES = 3
LAYERS = 2
PIECE_SEQUENCES = 10
THREADS = 1  # steps are small: a second thread mostly waits, and stalls where cores are shared
_IMPROVEMENT = 1e-4


class EventPieces(msgspec.Struct, frozen=True, kw_only=True):
    """
    Runs of consecutive events of equal length, padded at their ends.

    Attributes
    ----------
    inputs : float32[pieces, length, F]
        Scaled inputs, zero in the padding.
    label : int64[pieces, length]
        0, 1 or 2; 0 in the padding.
    weight : float32[pieces, length]
        Weight of each event in the loss; zero in the padding.

    """

    inputs: torch.Tensor
    label: torch.Tensor
    weight: torch.Tensor


class LstmClassifier(nn.Module):
    """Two LSTM layers with dropout between them, and a head with one hidden layer."""

    def __init__(self, features: int, params: LstmParams) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            features, params.hidden, LAYERS, dropout=params.dropout, batch_first=True
        )
        self.head = nn.Sequential(
            nn.Linear(params.hidden, params.head),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.head, CLASSES),
        )

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Return class scores [batch, length, 3] and the state to go on from."""
        hidden, state = self.lstm(x, state)
        return self.head(hidden), state


def cut_pieces(
    z: npt.NDArray[np.float64],
    segment: npt.NDArray[np.int32],
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64],
    length: int,
) -> EventPieces:
    """Cut every segment into runs of consecutive events.

    Parameters
    ----------
    z : float64[m, F]
        Scaled inputs in order of time.
    segment : int32[m]
        No piece spans two segments.
    label : int8[m]
        0 down, 1 flat, 2 up; each occurs.
    weight : float64[m]
        Of the rows, before classes are balanced.
    length : int
        Events of a piece.

    Returns
    -------
    EventPieces
        Every row exactly once.

    """
    order = np.argsort(segment, kind="stable")
    bounds = np.flatnonzero(np.diff(segment[order])) + 1
    pieces = [
        rows[first : first + length]
        for rows in np.split(order, bounds)
        for first in range(0, len(rows), length)
    ]
    inputs = np.zeros((len(pieces), length, z.shape[1]), np.float32)
    targets = np.zeros((len(pieces), length), np.int64)
    weights = np.zeros((len(pieces), length), np.float32)
    balanced = balance(label, weight)
    for index, rows in enumerate(pieces):
        inputs[index, : len(rows)] = z[rows]
        targets[index, : len(rows)] = label[rows]
        weights[index, : len(rows)] = balanced[rows]
    return EventPieces(
        inputs=torch.from_numpy(inputs),
        label=torch.from_numpy(targets),
        weight=torch.from_numpy(weights),
    )


def choose_device(name: str) -> torch.device:
    """Return the named device, or for ``auto`` the first of cuda, xpu, mps and cpu there is."""
    if name != "auto":
        return torch.device(name)
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator if accelerator is not None else torch.device("cpu")


def fit_lstm(
    train: EventPieces,
    holdout: EventPieces,
    params: LstmParams,
    seed: int,
    progress: Callable[[float], None],
) -> LstmClassifier:
    """Fit the classifier; keep the weights of the epoch that did best on held-out events.

    Parameters
    ----------
    train, holdout : EventPieces
        Pieces of a whole number of ``params.sequence`` events.
    params : LstmParams
        Sizes and recipe.
    seed : int
        The same seed gives the same weights on the same machine.
    progress : Callable[[float], None]
        Called with the share of epochs done.

    Returns
    -------
    LstmClassifier
        On the CPU, in evaluation mode.

    """
    device = choose_device(params.device)
    count, length = train.label.shape
    draws = draw_epochs(count, length, params.epoch_events)
    with reproducible(seed, device):
        model = LstmClassifier(train.inputs.shape[2], params).to(device)
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(
            optimizer, params.restart_epochs, T_mult=2
        )
        best_loss, best_epoch = float("inf"), 0
        best = copy.deepcopy(model.state_dict())
        for epoch in range(params.epochs):
            train_epoch(model, train, next(draws), optimizer, params)
            schedule.step()
            loss = float(mean_loss(model, holdout, params.batch))
            if loss < best_loss - _IMPROVEMENT:
                best_loss, best_epoch = loss, epoch
                best = copy.deepcopy(model.state_dict())
            progress((epoch + 1) / params.epochs)
            if epoch - best_epoch >= params.patience:
                break
        model.load_state_dict(best)
    return model.cpu().eval()


def pack_lstm(model: LstmClassifier) -> dict[str, npt.NDArray[np.float32]]:
    """Return the weights under the names and in the layout of the compiled model."""
    state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    arrays = {}
    for layer in range(LAYERS):
        bias = state[f"lstm.bias_ih_l{layer}"] + state[f"lstm.bias_hh_l{layer}"]
        arrays[f"lstm_layer{layer + 1}"] = pack_layer(
            state[f"lstm.weight_ih_l{layer}"], state[f"lstm.weight_hh_l{layer}"], bias
        )
    for name, index in (("lstm_head1", 0), ("lstm_head2", 3)):
        weight, bias = state[f"head.{index}.weight"], state[f"head.{index}.bias"]
        arrays[name] = np.ascontiguousarray(np.vstack((weight.T, bias)), np.float32)
    return arrays


def train_epoch(
    model: LstmClassifier,
    pieces: EventPieces,
    order: torch.Tensor,
    optimizer: torch.optim.Optimizer,
    params: LstmParams,
) -> None:
    """Go through some pieces in the given order, a batch side by side, its state carried on.

    Parameters
    ----------
    model : LstmClassifier
        On any device; each batch is brought to it.
    pieces : EventPieces
        On the CPU.
    order : int64[n]
        Which pieces, as they come.
    optimizer : Optimizer
        Of the model.
    params : LstmParams
        Batch, sequence and clipping.

    """
    device = next(model.parameters()).device
    model.train()
    for start in range(0, len(order), params.batch):
        batch = order[start : start + params.batch]
        padded_from = int(pieces.weight[batch].any(dim=0).nonzero().max()) + 1
        inputs = pieces.inputs[batch].to(device)
        label = pieces.label[batch].to(device)
        weight = pieces.weight[batch].to(device)
        state = None
        for first in range(0, padded_from, params.sequence):
            part = slice(first, first + params.sequence)
            scores, state = model(inputs[:, part], state)
            state = (state[0].detach(), state[1].detach())
            loss = _summed_loss(scores, label[:, part], weight[:, part]) / weight[:, part].sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), params.gradient_clip)
            optimizer.step()


def mean_loss(model: LstmClassifier, pieces: EventPieces, batch: int) -> torch.Tensor:
    """Return the mean weighted loss over all pieces, a scalar on the model's device."""
    device = next(model.parameters()).device
    model.eval()
    losses = []
    with torch.no_grad():
        for first in range(0, len(pieces.label), batch):
            part = slice(first, first + batch)
            scores, _ = model(pieces.inputs[part].to(device))
            weight = pieces.weight[part].to(device)
            losses.append(_summed_loss(scores, pieces.label[part].to(device), weight))
    return torch.stack(losses).sum() / float(pieces.weight.sum())


def draw_epochs(count: int, length: int, events: int) -> Iterator[torch.Tensor]:
    """Yield the pieces of one epoch after the other.

    Parameters
    ----------
    count, length : int
        Pieces, and events of a piece.
    events : int
        Of an epoch at most, but one piece at least.

    Yields
    ------
    int64[n]
        Indices of pieces in random order; every piece comes once before any comes again.

    """
    share = min(count, max(1, events // length))
    left = torch.empty(0, dtype=torch.int64)
    while True:
        if len(left) < share:
            left = torch.cat((left, torch.randperm(count)))
        yield left[:share]
        left = left[share:]


def _summed_loss(scores: torch.Tensor, label: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    loss = nn.functional.cross_entropy(
        scores.reshape(-1, CLASSES), label.reshape(-1), reduction="none"
    )
    return (loss * weight.reshape(-1)).sum()


@contextmanager
def reproducible(seed: int, device: torch.device) -> Iterator[None]:
    """Fix torch's generator, threads and algorithms, and give them back as they were.

    Only the CPU promises equal bytes: CUDA has no deterministic LSTM without settings of its
    libraries that must be made before the process starts, and refuses to run in that mode.
    """
    threads = torch.get_num_threads()
    exact = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.set_num_threads(THREADS)
        torch.use_deterministic_algorithms(mode=device.type == "cpu")
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(mode=exact)
            torch.set_num_threads(threads)
