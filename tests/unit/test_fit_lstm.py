"""The LSTM's trainer: its recipe, step by step, on any device."""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from nautilus_scalp.training.config import LstmParams
from nautilus_scalp.training.fit_lstm import EventPieces
from nautilus_scalp.training.fit_lstm import LstmClassifier
from nautilus_scalp.training.fit_lstm import choose_device
from nautilus_scalp.training.fit_lstm import cut_pieces
from nautilus_scalp.training.fit_lstm import draw_epochs
from nautilus_scalp.training.fit_lstm import fit_lstm
from nautilus_scalp.training.fit_lstm import mean_loss
from nautilus_scalp.training.fit_lstm import reproducible
from nautilus_scalp.training.fit_lstm import train_epoch


SMALL = LstmParams(hidden=4, head=4, sequence=10, batch=2, epochs=3)


def pieces(rows: int = 130, length: int = 20, seed: int = 3) -> EventPieces:
    """Return two segments in pieces; the label is the sign of the first input."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, 3))
    label = (np.digitize(z[:, 0], (-0.5, 0.5))).astype(np.int8)
    segment = np.repeat(np.array([4, 9], np.int32), (rows - 45, 45))
    return cut_pieces(z, segment, label, rng.uniform(0.1, 1.0, rows), length)


def nothing(_share: float) -> None:
    """Report no progress."""


@pytest.fixture
def steps() -> Iterator[list[tuple[str, float, float]]]:
    """Collect what every step of an optimizer is taken with: its class, rate, gradient norm."""
    seen: list[tuple[str, float, float]] = []

    def note(optimizer: torch.optim.Optimizer, *_: object) -> None:
        group = optimizer.param_groups[0]
        norms = [one.grad.norm() for one in group["params"]]
        seen.append((type(optimizer).__name__, group["lr"], float(torch.stack(norms).norm())))

    hook = register_optimizer_step_pre_hook(note)
    yield seen
    hook.remove()


def test_pieces_hold_every_row_once_and_classes_weigh_the_same() -> None:
    cut = pieces()
    assert cut.inputs.shape == (5 + 3, 20, 3)  # 85 and 45 rows, each segment padded at its end
    filled = cut.weight > 0
    assert filled.sum(dim=1).tolist() == [20, 20, 20, 20, 5, 20, 20, 5]
    assert not cut.inputs[~filled].any()
    mass = [float(cut.weight[cut.label == k].sum()) for k in range(3)]
    assert mass == pytest.approx([sum(mass) / 3] * 3)


def test_an_epoch_is_all_pieces_or_as_many_as_it_may_take() -> None:
    torch.manual_seed(1)
    for order in islice(draw_epochs(5, 10, 1_000), 3):
        assert sorted(order.tolist()) == [0, 1, 2, 3, 4]
    drawn = torch.cat(list(islice(draw_epochs(6, 10, 45), 3)))  # four pieces an epoch
    assert sorted(drawn.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert sorted(drawn[:6].tolist()) == [0, 1, 2, 3, 4, 5]
    assert [len(order) for order in islice(draw_epochs(6, 10, 3), 2)] == [1, 1]


def test_the_rate_follows_a_cosine_that_starts_again(
    steps: list[tuple[str, float, float]],
) -> None:
    params = LstmParams(hidden=4, head=4, sequence=20, batch=64, epochs=4, restart_epochs=2)
    fit_lstm(pieces(), pieces(seed=4), params, 1, nothing)
    assert {name for name, _, _ in steps} == {"AdamW"}
    expected = [1.0, 0.5, 1.0, (1.0 + math.cos(math.pi / 4.0)) / 2.0]
    assert [rate for _, rate, _ in steps] == pytest.approx([2e-3 * share for share in expected])


def test_gradients_are_clipped(steps: list[tuple[str, float, float]]) -> None:
    params = LstmParams(hidden=4, head=4, sequence=10, epochs=1, gradient_clip=1e-3)
    fit_lstm(pieces(), pieces(seed=4), params, 1, nothing)
    assert [norm for _, _, norm in steps] == pytest.approx([1e-3] * len(steps), rel=1e-2)


def test_state_is_carried_on_through_a_piece_and_gradients_are_not() -> None:
    model = LstmClassifier(3, SMALL)
    given: list[tuple[torch.Tensor, torch.Tensor] | None] = []
    left: list[torch.Tensor] = []
    model.register_forward_pre_hook(lambda _, args: given.append(args[1]))
    model.register_forward_hook(lambda _, __, found: left.append(found[1][0].detach().clone()))
    optimizer = torch.optim.AdamW(model.parameters())
    train_epoch(model, pieces(), torch.tensor([0, 1, 4]), optimizer, SMALL)
    # two pieces of twenty events side by side, then one of which only the first part is filled
    assert [state is None for state in given] == [True, False, True]
    assert given[1] is not None
    assert torch.equal(given[1][0], left[0])
    assert not given[1][0].requires_grad


def test_it_stops_after_ten_epochs_without_improvement_and_keeps_the_best() -> None:
    epochs: list[float] = []
    params = LstmParams(hidden=4, head=4, sequence=10, epochs=30, learning_rate=0.0)
    fit_lstm(pieces(), pieces(seed=4), params, 1, epochs.append)
    assert len(epochs) == 11  # the first is better than nothing

    held = pieces(seed=4)
    losses = []
    for count in (1, 2, 3, 6):
        params = LstmParams(hidden=4, head=4, sequence=10, epochs=count, learning_rate=0.3)
        losses.append(float(mean_loss(fit_lstm(pieces(), held, params, 1, nothing), held, 64)))
    assert losses == sorted(losses, reverse=True)


def test_equal_seeds_give_equal_weights_and_torch_is_left_as_it_was() -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    one, two, other = (
        fit_lstm(pieces(), pieces(seed=4), SMALL, seed, nothing).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()


def test_auto_takes_the_accelerator_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(device: torch.device | None) -> None:
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: device)

    for name in ("cuda", "xpu", "mps"):
        found(torch.device(name))
        assert choose_device("auto") == torch.device(name)
        assert choose_device("cpu") == torch.device("cpu")
    found(None)
    assert choose_device("auto") == torch.device("cpu")
    assert choose_device("cuda") == torch.device("cuda")


def test_only_the_processor_is_held_to_deterministic_algorithms() -> None:
    with reproducible(1, torch.device("cpu")):
        assert torch.are_deterministic_algorithms_enabled()
    with reproducible(1, torch.device("cuda")):
        assert not torch.are_deterministic_algorithms_enabled()


def test_training_brings_everything_to_the_device_of_the_model() -> None:
    """Torch's device without memory stands in for a GPU: it, too, refuses tensors of another."""
    model = LstmClassifier(3, SMALL).to("meta")
    optimizer = torch.optim.AdamW(model.parameters())
    train_epoch(model, pieces(), torch.arange(8), optimizer, SMALL)
    assert mean_loss(model, pieces(), 3).device == torch.device("meta")
    with pytest.raises(RuntimeError, match="same device"):
        model(pieces().inputs)
