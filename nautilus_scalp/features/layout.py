"""Where things lie in an engine's two arrays; shared by the program builder and the kernels."""

# --- int64 array: times and counters, then (start, count) of every table, then the tables ---
LAST_NS = 0  # effective time of the last accepted event
LAST_QUOTE_NS = 1
LAST_TRADE_NS = 2
ORIGIN_NS = 3  # first event of the segment
SEGMENT = 4  # -1 before the first event
QUOTES = 5  # accepted since the segment began
TRADES = 6
REFUSED = 7  # one counter a reason, in this order
REASONS = ("nan", "infinite", "zero", "negative", "crossed", "side", "time_backwards")
NAN, INFINITE, ZERO, NEGATIVE, CROSSED, SIDE, TIME_BACKWARDS = range(len(REASONS))
GAP_NS = REFUSED + len(REASONS)  # constants from here on
NEED_QUOTES = GAP_NS + 1
NEED_TRADES = GAP_NS + 2
NEED_NS = GAP_NS + 3
HALF_LIVES = GAP_NS + 4  # floats: half lives in ms, then what each leaves of old weights
CELLS = HALF_LIVES + 2  # ints: rows (source, half life)
FLOWS = HALF_LIVES + 4  # ints: rows (source, half life), those that quotes feed first
QUOTE_FLOWS = HALF_LIVES + 6  # the second number is the count of flows that quotes feed
OUTPUTS = HALF_LIVES + 8  # ints: rows (a, b, scale), grouped by operation
OPERATIONS = HALF_LIVES + 10  # ints: first output of each operation, then the end
CLOCKS = HALF_LIVES + 12  # ints: rows of CLOCK_WIDTH
TECHNICALS = HALF_LIVES + 14  # ints: rows of TECHNICAL_WIDTH, grouped by clock
PICKS = HALF_LIVES + 16  # ints: the output that each selected feature shows
WEIGHTS = HALF_LIVES + 18  # floats: total weight of each half life's averages
CELL_STATE = HALF_LIVES + 20  # floats: means, then variances
FLOW_STATE = HALF_LIVES + 22  # floats: decayed sums
BARS = HALF_LIVES + 24  # floats: rows of BAR_WIDTH
TECHNICAL_VALUES = HALF_LIVES + 26  # floats
RAW = HALF_LIVES + 28  # floats: outputs in program order
VALUE = HALF_LIVES + 30  # floats: the feature vector
INT_HEADER = HALF_LIVES + 32

CELL_SOURCE, CELL_HALF_LIFE, CELL_WIDTH = 0, 1, 2
OUTPUT_A, OUTPUT_B, OUTPUT_SCALE, OUTPUT_WIDTH = 0, 1, 2, 3
CLOCK_LENGTH_NS, CLOCK_BUCKET, CLOCK_CLOSED, CLOCK_NEED, CLOCK_FIRST, CLOCK_LAST = range(6)
CLOCK_WIDTH = 6
TECHNICAL_KIND, TECHNICAL_STATE, TECHNICAL_P0, TECHNICAL_P1, TECHNICAL_P2 = range(5)
TECHNICAL_WIDTH = 5
BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME, BAR_COUNT = range(6)  # count of quotes
BAR_WIDTH = 6

# --- float64 array: constants, then everything that a reset sets to nought ---
PRICE_SCALE, SIZE_SCALE, TICK, SCALE_HALF_LIFE_MS = range(4)  # the scales are 10 ** decimals
VARIABLES = 4
BID, ASK, BID_SIZE, ASK_SIZE, MID, ANCHOR = range(VARIABLES, VARIABLES + 6)  # MID in ticks
MOVE_SIGN, MOVE_AGE_MS, SQUARED_MOVES, MOVE_MS = range(VARIABLES + 6, VARIABLES + 10)
MEAN_DEPTH, MEAN_TRADE = VARIABLES + 10, VARIABLES + 13  # exponentially weighted blocks
UNIT_TICKS = VARIABLES + 16  # a standard deviation of one second's move, in ticks
SOURCES = VARIABLES + 17
MAX_SOURCES = 32
FLOAT_HEADER = SOURCES + MAX_SOURCES

REFUSED_EVENT, ACCEPTED, READY = 0, 1, 2
