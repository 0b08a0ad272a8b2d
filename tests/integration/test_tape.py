"""A tape of signals: what the actor would publish, in the catalog, and the same orders from it."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.strategy import Strategy

from nautilus_scalp.actors.signal_tape import SignalTape
from nautilus_scalp.actors.signal_tape import SignalTapeConfig
from nautilus_scalp.actors.signal_tape import tape_directory
from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.quality import check_catalog
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.engine import compute_matrix
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import RegimeSignal
from nautilus_scalp.messages import regime_topic
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.artifact import save_artifact
from nautilus_scalp.runtime import tape as tape_module
from nautilus_scalp.runtime.backtest import run_engine
from nautilus_scalp.runtime.cli import main
from nautilus_scalp.runtime.config import load_config
from nautilus_scalp.runtime.run import resolve_window
from nautilus_scalp.runtime.tape import write_tape
from nautilus_scalp.signals.policy import decide_rows
from tests.fakes.small_model import NAMES
from tests.fakes.small_model import write_artifact
from tests.integration.conftest import Desk
from tests.integration.test_actor_ensemble import Listener


ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "catalogs" / "sample"
CONFIG = ROOT / "configs" / "backtest" / "default.toml"
START_NS = 1_721_347_200_000_000_000  # 2024-07-19T00:00:00Z
END_NS = START_NS + 40_000_000_000
BTC = "BTCUSDT-PERP.BINANCE"
ETH = "ETHUSDT-PERP.BINANCE"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a catalog with the sample's quotes, trades and instruments, and room for a tape."""
    path = tmp_path_factory.mktemp("tape") / "catalog"
    for folder in ("crypto_perpetual", "quote_tick", "trade_tick", "order_book_depths"):
        shutil.copytree(SAMPLE / "data" / folder, path / "data" / folder)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small model with opinions of its own."""
    return write_artifact(tmp_path_factory.mktemp("model") / "tiny")


def test_rows_are_what_the_batch_predicts(catalog: Path, model: Path) -> None:
    result = write_tape(model, catalog, START_NS, END_NS)
    ensemble = load_artifact(model)
    tape = read_tape(catalog, None, START_NS, END_NS)
    matrix = compute_matrix(tape, ensemble.manifest.features, ensemble.manifest.feature_names)
    batch = ensemble.predict_matrix(matrix)
    decided = decide_rows(batch.probabilities, batch.move_bps)
    assert result.quotes == len(matrix)
    assert result.notes == []
    for index, name in enumerate((BTC, ETH)):
        (path,) = (catalog / "data" / tape_directory("tiny", name)).glob("*.parquet")
        table = pq.read_table(path, partitioning=None)
        rows = matrix.ready & (matrix.instrument == index)
        assert result.signals[name] == len(table) == rows.sum() > 100
        expected = {
            "ts_event": matrix.ts_event_ns,
            "ts_init": matrix.ts_init_ns,
            "p_down": batch.probabilities[:, 0],
            "p_flat": batch.probabilities[:, 1],
            "p_up": batch.probabilities[:, 2],
            "disagreement": batch.disagreement,
            "expected_move_bps": decided[:, 0],
            "confidence": decided[:, 1],
            "strength": decided[:, 2],
        }
        for key, values in expected.items():
            np.testing.assert_array_equal(table[key].to_numpy(), values[rows], err_msg=key)


def test_writing_again_gives_the_same_bytes_and_no_second_copy(catalog: Path, model: Path) -> None:
    first = write_tape(model, catalog, START_NS, END_NS)
    before = {name: (catalog / name).read_bytes() for name in first.files}
    assert write_tape(model, catalog, START_NS, END_NS) == first
    assert {name: (catalog / name).read_bytes() for name in first.files} == before
    longer = write_tape(model, catalog, START_NS, END_NS + 5_000_000_000)
    found = sorted(catalog.glob("data/custom_alpha_signal/**/*.parquet"))
    assert [str(path.relative_to(catalog)) for path in found] == longer.files


def test_processes_write_the_bytes_of_one_and_of_a_single_batch(
    catalog: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = write_tape(model, catalog)  # two days, fifteen months apart, two instruments
    assert len(alone.files) == 2
    before = {name: (catalog / name).read_bytes() for name in alone.files}
    steps = []
    monkeypatch.setattr(tape_module, "_EVENTS_PER_PROCESS", 1)
    together = write_tape(model, catalog, progress=lambda *step: steps.append(step), jobs=2)
    assert together == alone
    assert {name: (catalog / name).read_bytes() for name in alone.files} == before
    assert [stage for stage, _ in steps].count("predict") == 4
    monkeypatch.setattr(tape_module, "_stretches", lambda _c, _n, window, _m: ([window], 0))
    assert write_tape(model, catalog) == alone
    rows = {name: pq.read_table(catalog / name, partitioning=None) for name in alone.files}
    stored = {name: pq.read_table(pa.BufferReader(data)) for name, data in before.items()}
    assert all(rows[name].equals(stored[name]) for name in alone.files)
    shutil.rmtree(catalog / "data" / "custom_alpha_signal")


def test_the_catalog_stays_sound_and_nautilus_finds_the_signals(catalog: Path, model: Path) -> None:
    result = write_tape(model, catalog, START_NS, END_NS)
    assert check_catalog(catalog).ok
    signals = ParquetDataCatalog(str(catalog)).query(AlphaSignal, identifiers=[ETH])
    assert len(signals) == result.signals[ETH]
    assert {str(item.data.instrument_id) for item in signals} == {ETH}
    assert signals[0].data.model_id == "tiny"


def test_a_tape_of_the_training_window_is_marked(
    catalog: Path, model: Path, tmp_path: Path
) -> None:
    ensemble = load_artifact(model)
    seen = msgspec.structs.replace(ensemble.manifest, model_id="seen", train_end_ns=END_NS)
    save_artifact(seen, ensemble.arrays, tmp_path / "seen")
    (note,) = write_tape(tmp_path / "seen", catalog, START_NS, END_NS).notes
    assert note.startswith("IN SAMPLE")
    shutil.rmtree(catalog / "data" / "custom_alpha_signal" / "seen")


def test_command_answers_in_json(
    catalog: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = ("--start", "2024-07-19T00:00:00Z", "--end", "2024-07-19T00:00:20Z")
    arguments = ["tape", str(model), "--catalog", str(catalog), *window, "--instrument", BTC]
    assert main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"] == "tiny"
    assert list(answer["signals"]) == [BTC]
    assert main(arguments) == 0
    assert answer["files"][0] in capsys.readouterr().out


def test_synth_writes_a_catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["synth", "--catalog", str(tmp_path / "market"), "--hours", "0.05", "--edge", "0.5"]
    arguments += ["--half-life-ms", "30000", "--price", "60000"]
    assert main([*arguments, "--seed", "4", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    figures = {row["name"]: row for row in report["match"]["rows"]}
    assert figures["quotes"]["real"] == pytest.approx(108.9, abs=0.1)  # the sample, docs/synthetic
    assert 30 < figures["quotes"]["synthetic"] < 300
    assert main(["synth", "--catalog", str(tmp_path / "short"), "--hours", "0.03"]) == 0
    assert "too short to be set beside" in capsys.readouterr().out
    assert main(["synth", "--catalog", str(tmp_path / "long"), "--hours", "0.04"]) == 0
    assert "beside BTCUSDT-PERP.BINANCE, 2024-07-18T23:57" in capsys.readouterr().out
    params = report["params"]
    assert (params["edge"], params["half_life_ms"], params["base_price"]) == (0.5, 30_000, 60_000)
    assert report["quotes"] > 1_000
    assert len(read_tape(tmp_path / "market")) == report["quotes"] + report["trades"]
    assert main([*arguments, "--seed", "4"]) == 2  # it is there already
    assert capsys.readouterr().err.startswith("error: ")


def orders_of(config_path: Path, *overrides: str) -> list[tuple[Any, ...]]:
    config = load_config(config_path, overrides)
    path = Path(config.model.path) if config.model.path else None
    finished = run_engine(config, resolve_window(config), path)
    orders = [
        (
            order.strategy_id.value,
            order.client_order_id.value,
            order.side,
            str(order.quantity),
            str(order.price) if order.has_price else None,
            [
                (
                    type(event).__name__,
                    event.ts_event,
                    str(event.last_px) if isinstance(event, OrderFilled) else None,
                )
                for event in order.events
            ],
        )
        for order in finished.engine.cache.orders()
    ]
    finished.engine.dispose()
    return sorted(orders)


def only_actor(path: str, **config: str) -> str:
    """Return the override that leaves one actor, for both instruments."""
    keys = [f'instrument_ids = ["{BTC}", "{ETH}"]']
    keys += [f'{key} = "{value}"' for key, value in config.items()]
    block = "{ " + ", ".join(keys) + " }"
    return f'actors=[{{ actor_path = "{path}", config_path = "{path}Config", config = {block} }}]'


ENSEMBLE = only_actor("nautilus_scalp.actors.ensemble:EnsembleActor")
TAPE = "nautilus_scalp.actors.signal_tape:SignalTape"


@pytest.mark.slow
def test_replaying_the_tape_gives_the_orders_of_live_inference(
    catalog: Path, tmp_path: Path
) -> None:
    # columns of its own, which look at the depth of the book and at the other instrument
    model = write_artifact(tmp_path / "tiny", (*NAMES[:2], "imbalance_1.now", "peer_imbalance.now"))
    common = (
        f"run.catalog={catalog}",
        "run.end=2024-07-19T00:00:40Z",
        f"model.path={model}",
        *(
            f"strategies.{name}.config.signal.{key}"
            for name in ("MeanReversion", "MomentumBreakout")
            for key in ('mode="signal"', "min_strength=0.1")
        ),
    )
    write_tape(model, catalog, START_NS, END_NS)
    inferred = orders_of(CONFIG, *common, ENSEMBLE)
    taped = only_actor(TAPE, catalog_path=str(catalog))
    assert sum(len(events) for *_, events in inferred) > 200
    traded = {strategy_id.split("-")[0] for strategy_id, *_ in inferred}
    assert traded == {"MarketMaking", "MeanReversion", "MomentumBreakout"}
    assert orders_of(CONFIG, *common, taped) == inferred
    assert orders_of(CONFIG, *common, taped, "run.chunk_size=3000") == inferred
    silent = orders_of(CONFIG, *common, "actors=[]")
    assert silent != inferred  # so the signals did decide something


def test_a_missing_tape_is_an_error_before_the_run(
    catalog: Path, model: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    overrides = (f"run.catalog={catalog}", "run.end=2024-07-19T00:00:40Z", f"model.path={model}")
    with pytest.raises(UsageError, match="holds no tape of model tiny"):
        orders_of(CONFIG, *overrides, only_actor(TAPE, catalog_path=str(empty)))


def test_a_window_without_warm_features_is_an_error(catalog: Path, model: Path) -> None:
    with pytest.raises(UsageError, match="warm features"):
        write_tape(model, catalog, START_NS, START_NS + 1_500_000_000)


class Announcer(Strategy):
    """Announces a crash after every quote."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(StrategyConfig(strategy_id="Announcer-1"))
        self._instrument_id = instrument_id

    def on_start(self) -> None:
        """Subscribe."""
        self.subscribe_quote_ticks(self._instrument_id)

    def on_stop(self) -> None:
        """Do nothing."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Announce."""
        crash = RegimeSignal(tick.ts_event, tick.ts_init, self._instrument_id, "CRASH")
        self.msgbus.publish(regime_topic(self._instrument_id), crash)


def test_signals_carry_the_regime_that_rules_when_they_are_replayed(
    desk: Desk, model: Path, tmp_path: Path
) -> None:
    desk.at(0).quote(100.0, 100.1).at(5).quote(100.0, 100.1).at(10).quote(100.0, 100.1)
    name = desk.instrument_id.value
    rows = [
        AlphaSignal(tick.ts_event, tick.ts_init, desk.instrument_id, 500, model_id="tiny")
        for tick in desk.tape[:2]
    ]
    folder = tmp_path / "data" / tape_directory("tiny", name)
    folder.mkdir(parents=True)
    pq.write_table(pa.concat_tables(pa.table(row.to_arrow()) for row in rows), folder / "t.parquet")
    config = SignalTapeConfig(
        instrument_ids=[desk.instrument_id], model_path=str(model), catalog_path=str(tmp_path)
    )
    actor, listener = SignalTape(config), Listener(desk)
    desk.play(actor, listener, Announcer(desk.instrument_id))
    assert [signal.regime for signal in listener.signals] == ["UNCLASSIFIED", "CRASH"]
    assert [signal.model_id for signal in listener.signals] == ["tiny", "tiny"]
    assert actor.signals_published == 2
    assert actor.refusals == {"not_on_tape": 1}
