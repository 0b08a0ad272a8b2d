"""A synthetic market is an ordinary catalog, with its report beside it."""

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_scalp.data.catalog import read_tape
from nautilus_scalp.data.synthetic import market
from nautilus_scalp.data.synthetic import writer
from nautilus_scalp.data.synthetic.events import synthetic_tape
from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import SyntheticReport
from nautilus_scalp.data.synthetic.writer import read_report
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE


PARAMS = SyntheticParams(seed=8, hours=0.1, edge=0.7)
ID = PARAMS.instrument_id

type Written = tuple[Path, SyntheticReport, list[tuple[str, float]]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    catalog = tmp_path_factory.mktemp("synthetic") / "catalog"
    steps: list[tuple[str, float]] = []
    report = write_synthetic(catalog, PARAMS, lambda text, share: steps.append((text, share)))
    return catalog, report, steps


def test_catalog_reads_back_as_the_tape_in_memory(written: Written) -> None:
    stored, made = read_tape(written[0]), synthetic_tape(PARAMS)
    assert stored.instruments == made.instruments
    for name in ("kind", "instrument", "ts_event_ns", "ts_init_ns", "values"):
        assert np.array_equal(getattr(stored, name), getattr(made, name)), name


def test_chunks_do_not_show_in_the_catalog(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "_ROWS", 1_000)
    write_synthetic(tmp_path / "again", PARAMS)
    digests = [
        {
            path.relative_to(root): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in root.rglob("*")
            if path.is_file()
        }
        for root in (written[0], tmp_path / "again")
    ]
    assert digests[0] == digests[1]


def test_nautilus_reads_quotes_trades_and_depth(written: Written) -> None:
    catalog, report, _ = written
    nautilus = ParquetDataCatalog(str(catalog))
    quotes, trades = nautilus.quote_ticks([ID]), nautilus.trade_ticks([ID])
    depths = nautilus.query(OrderBookDepth10, identifiers=[ID])
    counts = (len(quotes), len(trades), len(depths))
    assert counts == (report.quotes, report.trades, report.depths)
    (chunk,) = generate(PARAMS)
    first = chunk.quotes[0]
    assert quotes[0].ts_event == first[0] * 1_000_000
    assert quotes[0].bid_price.as_double() == round(first[2] * 0.1, 2)
    assert quotes[0].ask_size.as_double() == first[5] / 1_000
    assert trades[0].trade_id.value == "1"
    last = depths[-1]
    assert [level.price.as_double() for level in last.bids] == pytest.approx(
        chunk.depths[-1, 0] * 0.1
    )
    assert [level.size.as_double() for level in last.asks] == pytest.approx(
        chunk.depths[-1, 3] / 1_000
    )
    (instrument,) = nautilus.instruments()
    assert str(instrument.price_increment) == "0.10"


def test_marks_are_the_mid_of_every_second_and_the_rate_is_constant(written: Written) -> None:
    tape = read_tape(written[0], extras=True)
    quotes, marks, rates = (tape.kind == kind for kind in (QUOTE, MARK, FUNDING))
    assert written[1].marks == marks.sum() == rates.sum()
    assert 355 <= marks.sum() <= 360  # six minutes, less the seconds before the first quote
    assert np.all(np.diff(tape.ts_event_ns[marks]) == 1_000_000_000)
    last = np.searchsorted(tape.ts_init_ns[quotes], tape.ts_init_ns[marks]) - 1
    mids = tape.values[quotes][:, :2].mean(axis=1)
    np.testing.assert_allclose(tape.values[marks, 0], mids[last], rtol=0, atol=1e-8)
    assert set(tape.values[rates, 0]) == {1e-4}


def test_replay_times_are_unique_over_all_types(written: Written) -> None:
    nautilus = ParquetDataCatalog(str(written[0]))
    data = [*nautilus.quote_ticks([ID]), *nautilus.trade_ticks([ID])]
    for kind in (OrderBookDepth10, MarkPriceUpdate, FundingRateUpdate):
        data += nautilus.query(kind, identifiers=[ID])
    times = [item.ts_init for item in data]
    assert len(set(times)) == len(times)


def test_report_is_beside_the_catalog_and_gives_the_market_again(written: Written) -> None:
    catalog, report, steps = written
    assert read_report(catalog, ID) == report
    assert report.params == PARAMS
    assert report.hit_rate == pytest.approx(0.5 + np.arcsin(0.7) / np.pi)
    assert 0.5 < report.next_jump_auc_belief < report.next_jump_auc_signal
    assert set(report.horizons) == {"100", "500", "1000", "5000"}
    assert report.hours[0].start_ns == PARAMS.start_ns
    assert report.hours[-1].end_ns == PARAMS.end_ns
    assert steps[-1][1] == 1.0
    text = json.loads((catalog / "synthetic" / f"{ID}.json").read_text())
    assert text["params"]["edge"] == 0.7


def test_a_recorded_catalog_has_no_report(tmp_path: Path) -> None:
    assert read_report(tmp_path, ID) is None


def test_refuses_a_second_market_of_the_instrument(written: Written) -> None:
    before = sorted(path for path in written[0].rglob("*"))
    with pytest.raises(UsageError, match="holds BTCUSDT-PERP"):
        write_synthetic(written[0], msgspec.structs.replace(PARAMS, seed=9))
    assert sorted(path for path in written[0].rglob("*")) == before


def test_a_failure_leaves_no_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        message = "planted"
        raise RuntimeError(message)

    monkeypatch.setattr(writer, "_score", fail)
    with pytest.raises(RuntimeError, match="planted"):
        write_synthetic(tmp_path / "catalog", PARAMS)
    assert not (tmp_path / "catalog").exists()
