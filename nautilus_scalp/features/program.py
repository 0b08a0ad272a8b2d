"""Turns a selection of features into the tables that the fused kernels run."""

from collections.abc import Iterable
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features import layout as at
from nautilus_scalp.features.banks import KINDS
from nautilus_scalp.features.banks import technical_size
from nautilus_scalp.features.catalogue import scaled
from nautilus_scalp.features.grammar import CLOCKS_NS
from nautilus_scalp.features.grammar import Formula
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.operations import OPERATIONS
from nautilus_scalp.features.schema import FeatureSpec
from nautilus_scalp.features.sources import QUOTE_SOURCES
from nautilus_scalp.features.sources import TRADE_SOURCES
from nautilus_scalp.features.tape import InstrumentFacts


_FLOW_OPERATIONS = ("sum", "balance", "rate_ratio", "average_gap")
_POSITIONS = {name: at.SOURCES + i for i, name in enumerate((*QUOTE_SOURCES, *TRADE_SOURCES))}
type Pair = tuple[str, float]


class _Tables(msgspec.Struct):
    """What the features of a selection need, each thing once."""

    half_lives: list[float]
    cells: list[Pair]
    flows: list[Pair]
    technicals: list[Formula]
    outputs: list[tuple[int, int, int]]
    operations: list[int]
    picks: list[int]


def _pairs(formula: Formula) -> list[Pair]:
    """Return the (source, half life) pairs that a feature reads."""
    if len(formula.sources) > len(formula.half_lives_ms):
        return [(source, formula.half_lives_ms[0]) for source in formula.sources]
    return [(formula.sources[0], half_life) for half_life in formula.half_lives_ms]


def _unique[T](items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def _output_row(formula: Formula, tables: _Tables) -> tuple[int, int, int]:
    """Return where the feature's operands are, and whether its unit is volatility."""
    unit = int(scaled(formula))
    if formula.operation == "now":
        return (_POSITIONS[formula.sources[0]], 0, unit)
    if formula.operation == "technical":
        return (tables.technicals.index(formula), 0, unit)
    home = tables.flows if formula.operation in _FLOW_OPERATIONS else tables.cells
    operands = [home.index(pair) for pair in _pairs(formula)]
    return (operands[0], operands[-1], unit)


def _tables(formulas: Sequence[Formula]) -> _Tables:
    flows = _unique(pair for f in formulas if f.operation in _FLOW_OPERATIONS for pair in _pairs(f))
    technicals = _unique(f for f in formulas if f.operation == "technical")
    clocks = list(CLOCKS_NS)
    tables = _Tables(
        half_lives=sorted({half_life for f in formulas for half_life in f.half_lives_ms}),
        cells=_unique(
            pair
            for f in formulas
            if f.operation not in (*_FLOW_OPERATIONS, "now", "technical")
            for pair in _pairs(f)
        ),
        flows=sorted(flows, key=lambda pair: pair[0] in TRADE_SOURCES),
        technicals=sorted(technicals, key=lambda f: clocks.index(f.clock)),
        outputs=[],
        operations=[0],
        picks=[0] * len(formulas),
    )
    for operation in OPERATIONS:
        for i, formula in enumerate(formulas):
            if formula.operation == operation:
                tables.picks[i] = len(tables.outputs)
                tables.outputs.append(_output_row(formula, tables))
        tables.operations.append(len(tables.outputs))
    return tables


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """
    A selection of features, ready to run.

    Attributes
    ----------
    ints : int64[n]
        Counters and tables, as `layout` describes them; copy it for every engine.
    floats : float64[m]
        Constants and state, as `layout` describes them; copy it for every engine.

    """

    ints: npt.NDArray[np.int64]
    floats: npt.NDArray[np.float64]


class _Builder:
    """Appends tables to the integer array and reserves stretches of the float array."""

    def __init__(self) -> None:
        self.ints = [0] * at.INT_HEADER
        self.float_count = at.FLOAT_HEADER

    def table(self, header: int, values: Sequence[int], count: int) -> None:
        self.ints[header : header + 2] = [len(self.ints), count]
        self.ints.extend(values)

    def reserve(self, header: int, size: int, count: int) -> None:
        self.ints[header : header + 2] = [self.float_count, count]
        self.float_count += size


def _clock_rows(tables: _Tables, specs: Sequence[FeatureSpec]) -> list[int]:
    needs: dict[str, int] = {}
    for spec in specs:
        clock = parse(spec.name).clock
        if clock:
            needs[clock] = max(needs.get(clock, 0), spec.warm_up.bars)
    rows = []
    for clock in _unique(f.clock for f in tables.technicals):
        mine = [i for i, f in enumerate(tables.technicals) if f.clock == clock]
        rows += [CLOCKS_NS[clock], 0, 0, needs[clock], mine[0], mine[-1] + 1]
    return rows


def _technical_rows(tables: _Tables, builder: _Builder) -> list[int]:
    rows = []
    for formula in tables.technicals:
        kind = formula.sources[0]
        lengths = (*formula.lengths, 0, 0)[:3]
        rows += [KINDS.index(kind), builder.float_count, *lengths]
        builder.float_count += technical_size(kind, formula.lengths)
    return rows


def build_program(
    specs: Sequence[FeatureSpec], facts: InstrumentFacts, scale_half_life_ms: float, gap_ms: int
) -> Program:
    """
    Lay out the tables and the state for a selection of features of one instrument.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        The features, in the order of the feature vector.
    facts : InstrumentFacts
        Precision and tick size.
    scale_half_life_ms : float
        Half life of the running means that sizes and price moves are measured in.
    gap_ms : int
        A longer silence begins a new segment.

    """
    tables = _tables([parse(spec.name) for spec in specs])
    index = tables.half_lives.index
    lives = len(tables.half_lives)
    builder = _Builder()
    builder.reserve(at.HALF_LIVES, 2 * lives, lives)
    builder.reserve(at.WEIGHTS, lives, lives)
    builder.reserve(at.CELL_STATE, 2 * len(tables.cells), len(tables.cells))
    builder.reserve(at.FLOW_STATE, len(tables.flows), len(tables.flows))
    clock_rows = _clock_rows(tables, specs)
    clocks = len(clock_rows) // at.CLOCK_WIDTH
    builder.reserve(at.BARS, clocks * at.BAR_WIDTH, clocks)
    builder.reserve(at.TECHNICAL_VALUES, len(tables.technicals), len(tables.technicals))
    builder.reserve(at.RAW, len(tables.outputs), len(tables.outputs))
    builder.reserve(at.VALUE, len(specs), len(specs))
    for header, pairs in ((at.CELLS, tables.cells), (at.FLOWS, tables.flows)):
        rows = [n for name, half_life in pairs for n in (_POSITIONS[name], index(half_life))]
        builder.table(header, rows, len(pairs))
    builder.ints[at.QUOTE_FLOWS + 1] = sum(name in QUOTE_SOURCES for name, _ in tables.flows)
    builder.table(at.OUTPUTS, [n for row in tables.outputs for n in row], len(tables.outputs))
    builder.table(at.OPERATIONS, tables.operations, len(OPERATIONS))
    builder.table(at.CLOCKS, clock_rows, clocks)
    builder.table(at.TECHNICALS, _technical_rows(tables, builder), len(tables.technicals))
    builder.table(at.PICKS, tables.picks, len(tables.picks))
    builder.ints[at.SEGMENT] = -1
    builder.ints[at.GAP_NS] = gap_ms * 1_000_000
    builder.ints[at.NEED_QUOTES] = max(spec.warm_up.quotes for spec in specs)
    builder.ints[at.NEED_TRADES] = max(spec.warm_up.trades for spec in specs)
    builder.ints[at.NEED_NS] = int(max(spec.warm_up.elapsed_ms for spec in specs) * 1e6)
    floats = np.zeros(builder.float_count)
    floats[at.PRICE_SCALE] = 10.0**facts.price_precision
    floats[at.SIZE_SCALE] = 10.0**facts.size_precision
    floats[at.TICK] = facts.tick_size
    floats[at.SCALE_HALF_LIFE_MS] = scale_half_life_ms
    first = builder.ints[at.HALF_LIVES]
    floats[first : first + lives] = tables.half_lives
    floats[first + lives : first + 2 * lives] = 1.0
    return Program(ints=np.array(builder.ints, np.int64), floats=floats)
