"""Where things lie in an engine's two arrays; shared by the program builder and the kernels."""

# --- event kinds: each feeds its own sources, averages and outputs ---
KINDS = 5  # quote, trade, depth, mark, funding: the kinds of `tape`

# --- int64 array: times and counters, then (start, count) of every table, then the tables ---
LAST_NS = 0  # effective time of the last accepted event
LAST_EVENT_NS = 1  # one a kind: time stamp of the last accepted event
EVENTS = LAST_EVENT_NS + KINDS  # one a kind: accepted since the segment began
ORIGIN_NS = EVENTS + KINDS  # first event of the segment
SEGMENT = ORIGIN_NS + 1  # -1 before the first event
REFUSED = SEGMENT + 1  # one counter a reason, in this order
REASONS = (
    "nan",
    "infinite",
    "zero",
    "negative",
    "crossed",
    "side",
    "time_backwards",
)
NAN, INFINITE, ZERO, NEGATIVE, CROSSED, SIDE, TIME_BACKWARDS = range(len(REASONS))
GAP_NS = REFUSED + len(REASONS)  # constants from here on
NEED_EVENTS = GAP_NS + 1  # one a kind
NEED_NS = NEED_EVENTS + KINDS
NEED_PEERS = NEED_NS + 1  # 1: a selected feature reads the peers, 2: the spot market, 3: both
RICH = NEED_PEERS + 1  # 1 if a feature reads the quote sources beyond the first few
BOARD_ROW = RICH + 1  # this instrument's row of the shared board
SPOT_ROW = BOARD_ROW + 1  # row of the same asset's spot market, or -1
HALF_LIVES = SPOT_ROW + 1  # floats: half lives in ms, then what each leaves of old weights
CELLS = HALF_LIVES + 2  # ints: rows (source, half life), grouped by kind
CELL_STARTS = HALF_LIVES + 4  # ints: first cell of each kind, then the end
FLOWS = HALF_LIVES + 6  # ints: rows (source, half life), grouped by kind
FLOW_STARTS = HALF_LIVES + 8
SHAPES = HALF_LIVES + 10  # ints: rows (source, half life), grouped by kind
SHAPE_STARTS = HALF_LIVES + 12
OUTPUTS = HALF_LIVES + 14  # ints: rows (a, b, scale), grouped by kind, then operation
OPERATIONS = HALF_LIVES + 16  # ints: first output of each (kind, operation), then the end
CLOCKS = HALF_LIVES + 18  # ints: rows of CLOCK_WIDTH
TECHNICALS = HALF_LIVES + 20  # ints: rows of TECHNICAL_WIDTH, grouped by clock
PICKS = HALF_LIVES + 22  # ints: the output that each selected feature shows
WEIGHTS = HALF_LIVES + 24  # floats: total weight of each kind's averages, then an event's share
CELL_STATE = HALF_LIVES + 26  # floats: means, then variances
FLOW_STATE = HALF_LIVES + 28  # floats: decayed sums
SHAPE_STATE = HALF_LIVES + 30  # floats: rows of SHAPE_SIZE
BARS = HALF_LIVES + 32  # floats: rows of BAR_WIDTH
RAW = HALF_LIVES + 34  # floats: outputs in program order
VALUE = HALF_LIVES + 36  # floats: the feature vector
INT_HEADER = HALF_LIVES + 38

ROW_SOURCE, ROW_HALF_LIFE, ROW_WIDTH = 0, 1, 2
OUTPUT_A, OUTPUT_B, OUTPUT_SCALE, OUTPUT_WIDTH = 0, 1, 2, 3
PLAIN, PER_UNIT, PER_PEER_UNIT = 0, 1, 2  # scales
CLOCK_LENGTH_NS, CLOCK_BUCKET, CLOCK_CLOSED, CLOCK_NEED, CLOCK_FIRST, CLOCK_LAST = range(6)
CLOCK_WIDTH = 6
TECHNICAL_KIND, TECHNICAL_STATE, TECHNICAL_OUTPUT, TECHNICAL_SCALE, TECHNICAL_LENGTHS = range(5)
TECHNICAL_WIDTH = 7
BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME, BAR_COUNT, BAR_PEER = range(7)
BAR_WIDTH = 7
SHAPE_MEAN, SHAPE_SECOND, SHAPE_THIRD, SHAPE_FOURTH, SHAPE_LAGGED, SHAPE_LAST = range(6)
SHAPE_LOWER, SHAPE_UPPER = 6, 7  # quartiles
SHAPE_SIZE = 8

# --- float64 array: constants, then everything that a reset sets to nought ---
PRICE_SCALE, SIZE_SCALE, TICK, SCALE_HALF_LIFE_MS = range(4)  # the scales are 10 ** decimals
VARIABLES = 4
BID, ASK, BID_SIZE, ASK_SIZE, MID, ANCHOR = range(VARIABLES, VARIABLES + 6)  # MID in ticks
MOVE_SIGN, MOVE_AGE_MS, SQUARED_MOVES, MOVE_MS = range(VARIABLES + 6, VARIABLES + 10)
MEAN_DEPTH, MEAN_TRADE = VARIABLES + 10, VARIABLES + 13  # exponentially weighted blocks
UNIT_TICKS = VARIABLES + 16  # a standard deviation of one second's move, in ticks
QUOTE_AGE_MS, TRADE_AGE_MS, TRADE_PRICE, AGGRESSOR_RUN = range(VARIABLES + 17, VARIABLES + 21)
MEAN_LEVEL = VARIABLES + 21  # exponentially weighted block
PEER_ANCHOR, PEER_UNIT, PEERS_SEEN, SPOT_SEEN = range(VARIABLES + 24, VARIABLES + 28)
OWN_FLOW, OWN_VOLUME = VARIABLES + 28, VARIABLES + 29  # decayed sums for the board
INVERSE_UNITS = VARIABLES + 30  # 1, 1 / UNIT_TICKS, 1 / PEER_UNIT: one a scale
MARK_PRICE = VARIABLES + 33  # 0 before the first
EATEN_BID, EATEN_ASK = VARIABLES + 34, VARIABLES + 35  # decayed sums of what trades took
BOOK = VARIABLES + 36  # the last depth snapshot
LEVELS = 10
BOOK_WIDTH = 4  # bid, ask, bid size, ask size
SOURCES = BOOK + LEVELS * BOOK_WIDTH
MAX_SOURCES = 160
FLOAT_HEADER = SOURCES + MAX_SOURCES

# --- the board that the instruments of one run share: a row each, what others may see ---
BOARD_MID, BOARD_UNIT, BOARD_IMBALANCE, BOARD_FLOW, BOARD_VOLUME, BOARD_MOVE, BOARD_NS = range(7)
BOARD_WIDTH = 7

REFUSED_EVENT, ACCEPTED, READY = 0, 1, 2
