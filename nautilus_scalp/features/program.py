"""Turns a selection of features into the tables that the fused kernels run."""

from collections.abc import Iterable
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.features import indicators
from nautilus_scalp.features import layout as at
from nautilus_scalp.features.grammar import CLOCKS_NS
from nautilus_scalp.features.grammar import TECHNICAL
from nautilus_scalp.features.grammar import Formula
from nautilus_scalp.features.grammar import parse
from nautilus_scalp.features.operations import CELL_OPERATIONS
from nautilus_scalp.features.operations import FLOW_OPERATIONS
from nautilus_scalp.features.operations import OPERATIONS
from nautilus_scalp.features.operations import SHAPE_OPERATIONS
from nautilus_scalp.features.schema import FeatureSpec
from nautilus_scalp.features.sources import BY_NAME
from nautilus_scalp.features.sources import POSITION
from nautilus_scalp.features.sources import RICH_NAMES
from nautilus_scalp.features.tape import DEPTH
from nautilus_scalp.features.tape import FUNDING
from nautilus_scalp.features.tape import MARK
from nautilus_scalp.features.tape import QUOTE
from nautilus_scalp.features.tape import TRADE


type Pair = tuple[str, float]


def _unique[T](items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def _pairs(formula: Formula) -> list[Pair]:
    """Return the (source, half life) pairs that a feature reads."""
    if len(formula.sources) > len(formula.half_lives_ms):
        return [(source, formula.half_lives_ms[0]) for source in formula.sources]
    return [(formula.sources[0], half_life) for half_life in formula.half_lives_ms]


def _event_of(pair: Pair) -> int:
    return BY_NAME[pair[0]].event


def _table(formulas: Sequence[Formula], operations: tuple[str, ...]) -> list[Pair]:
    """Return the pairs that some operations need, each once, grouped by kind of event."""
    pairs = _unique(p for f in formulas if f.operation in operations for p in _pairs(f))
    return sorted(pairs, key=lambda pair: (_event_of(pair), pair[1]))


def _output_event(formula: Formula) -> int:
    """Return the kind of event that refreshes a feature: sums of trades fade until the quote."""
    event = BY_NAME[formula.sources[0]].event
    return QUOTE if formula.operation in FLOW_OPERATIONS and event == TRADE else event


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """
    A selection of features, ready to run.

    Attributes
    ----------
    ints : int64[n]
        Counters and tables, as `layout` describes them; copy it for every engine.
    floats : float64[m]
        Constants and state, as `layout` describes them; copy it for every engine.
    outputs : dict[str, int]
        Where each computed feature's value is, counted from `layout.RAW`.

    """

    ints: npt.NDArray[np.int64]
    floats: npt.NDArray[np.float64]
    outputs: dict[str, int]


class _Builder:
    """Appends tables to the integer array and reserves stretches of the float array."""

    def __init__(self, formulas: Sequence[Formula]) -> None:
        self.formulas = formulas
        self.ints = [0] * at.INT_HEADER
        self.float_count = at.FLOAT_HEADER
        self.half_lives = sorted({h for f in formulas for h in f.half_lives_ms})
        self.cells = _table(formulas, CELL_OPERATIONS)
        self.flows = _table(formulas, FLOW_OPERATIONS)
        self.shapes = _table(formulas, SHAPE_OPERATIONS)
        clocks = list(CLOCKS_NS)
        technicals = _unique(f for f in formulas if f.operation == TECHNICAL)
        self.technicals = sorted(technicals, key=lambda f: clocks.index(f.clock))
        self.outputs: dict[Formula, int] = {}

    def table(self, header: int, values: Sequence[int], count: int) -> None:
        """Append a table to the integers and note where it is."""
        self.ints[header : header + 2] = [len(self.ints), count]
        self.ints.extend(values)

    def reserve(self, header: int, size: int, count: int) -> None:
        """Reserve a stretch of the floats and note where it is."""
        self.ints[header : header + 2] = [self.float_count, count]
        self.float_count += size

    def reserve_state(self) -> None:
        """Reserve the floats, those that a reset keeps first."""
        lives = len(self.half_lives)
        self.reserve(at.HALF_LIVES, 2 * lives, lives)
        self.reserve(at.WEIGHTS, (at.KINDS + 1) * lives, lives)
        self.reserve(at.CELL_STATE, 2 * len(self.cells), len(self.cells))
        self.reserve(at.FLOW_STATE, len(self.flows), len(self.flows))
        self.reserve(at.SHAPE_STATE, at.SHAPE_SIZE * len(self.shapes), len(self.shapes))
        clocks = len({f.clock for f in self.technicals})
        self.reserve(at.BARS, clocks * at.BAR_WIDTH, clocks)
        outputs = len(_unique(self.formulas))
        self.reserve(at.RAW, outputs, outputs)

    def add_averages(self) -> None:
        """Write the tables of what is averaged, and where each kind of event's part begins."""
        for header, starts, pairs in (
            (at.CELLS, at.CELL_STARTS, self.cells),
            (at.FLOWS, at.FLOW_STARTS, self.flows),
            (at.SHAPES, at.SHAPE_STARTS, self.shapes),
        ):
            rows = [n for s, h in pairs for n in (POSITION[s], self.half_lives.index(h))]
            self.table(header, rows, len(pairs))
            counts = [sum(_event_of(pair) < kind for pair in pairs) for kind in range(at.KINDS)]
            self.table(starts, [*counts, len(pairs)], at.KINDS + 1)

    def add_outputs(self) -> None:
        """Write the table of outputs, grouped by kind of event, then operation."""
        rows: list[int] = []
        starts = [0]
        pending = [f for f in _unique(self.formulas) if f.operation != TECHNICAL]
        for kind in range(at.KINDS):
            for operation in OPERATIONS:
                for formula in pending:
                    if formula.operation == operation and _output_event(formula) == kind:
                        self.outputs[formula] = len(self.outputs)
                        rows += self._output_row(formula)
                starts.append(len(self.outputs))
        self.table(at.OUTPUTS, rows, len(self.outputs))
        self.table(at.OPERATIONS, starts, len(starts))
        for formula in self.technicals:
            self.outputs[formula] = len(self.outputs)

    def _output_row(self, formula: Formula) -> list[int]:
        if formula.operation == "now":
            return [POSITION[formula.sources[0]], 0, formula.scale]
        home = self.shapes if formula.operation in SHAPE_OPERATIONS else self.cells
        home = self.flows if formula.operation in FLOW_OPERATIONS else home
        operands = [home.index(pair) for pair in _pairs(formula)]
        return [operands[0], operands[-1], formula.scale]

    def add_clocks(self, needs: dict[str, int]) -> None:
        """Write the clocks, and their indicators with room for each one's state."""
        rows: list[int] = []
        for clock in _unique(f.clock for f in self.technicals):
            mine = [i for i, f in enumerate(self.technicals) if f.clock == clock]
            rows += [CLOCKS_NS[clock], 0, 0, needs.get(clock, 0), mine[0], mine[-1] + 1]
        self.table(at.CLOCKS, rows, len(rows) // at.CLOCK_WIDTH)
        rows = []
        for formula in self.technicals:
            kind = formula.sources[0]
            lengths = (*formula.lengths, 0, 0)[:3]
            place = self.outputs[formula]
            rows += [indicators.NAMES.index(kind), self.float_count, place, formula.scale, *lengths]
            self.float_count += indicators.BY_NAME[kind].size(formula.lengths)
        self.table(at.TECHNICALS, rows, len(self.technicals))

    def add_needs(self, specs: Sequence[FeatureSpec]) -> None:
        """Write what the shown features must have seen before they may be used."""
        warm_ups = [spec.warm_up for spec in specs]
        self.ints[at.NEED_EVENTS + QUOTE] = max(w.quotes for w in warm_ups)
        self.ints[at.NEED_EVENTS + TRADE] = max(w.trades for w in warm_ups)
        self.ints[at.NEED_EVENTS + DEPTH] = max(w.depths for w in warm_ups)
        self.ints[at.NEED_EVENTS + MARK] = max(w.marks for w in warm_ups)
        self.ints[at.NEED_EVENTS + FUNDING] = max(w.fundings for w in warm_ups)
        self.ints[at.NEED_NS] = int(max(w.elapsed_ms for w in warm_ups) * 1e6)
        peers, spot = any(w.peers for w in warm_ups), any(w.spot for w in warm_ups)
        self.ints[at.NEED_PEERS] = int(peers) + 2 * int(spot)
        read = {source for f in self.formulas for source in f.sources}
        rich = read & (RICH_NAMES | indicators.PEER_NAMES)
        self.ints[at.RICH] = int(bool(rich))


def build_program(computed: Sequence[str], shown: Sequence[FeatureSpec]) -> Program:
    """
    Lay out the tables and the state for a selection of features.

    Parameters
    ----------
    computed : sequence of str
        The features that every event updates; the shown ones are among them.
    shown : sequence of FeatureSpec
        The features of the vector, in order.

    """
    builder = _Builder([parse(name) for name in computed])
    builder.reserve_state()
    builder.add_averages()
    builder.add_outputs()
    needs: dict[str, int] = {}
    for spec in shown:
        clock = parse(spec.name).clock
        needs[clock] = max(needs.get(clock, 0), spec.warm_up.bars)
    builder.add_clocks(needs)
    builder.add_needs(shown)
    picks = [builder.outputs[parse(spec.name)] for spec in shown]
    builder.table(at.PICKS, picks, len(picks))
    builder.reserve(at.VALUE, len(picks), len(picks))
    builder.ints[at.SEGMENT] = -1
    floats = np.zeros(builder.float_count)
    first, lives = builder.ints[at.HALF_LIVES], len(builder.half_lives)
    floats[first : first + lives] = builder.half_lives
    floats[first + lives : first + 2 * lives] = 1.0
    outputs = {name: builder.outputs[parse(name)] for name in computed}
    return Program(ints=np.array(builder.ints, np.int64), floats=floats, outputs=outputs)
