"""Exchange facts of an instrument, and the Nautilus instrument that the live client would build."""

import difflib
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from typing import Literal

import msgspec
from nautilus_trader.model.enums import CurrencyType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_scalp.errors import UsageError
from nautilus_scalp.features.tape import InstrumentFacts


DEFAULT_INSTRUMENTS = Path(__file__).with_name("instruments.toml")


class InstrumentSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts of one instrument in the exchange's own strings; see ``instruments.toml``."""

    kind: Literal["perpetual", "spot"]
    base: str
    quote: str
    tick_size: str
    step_size: str
    min_qty: str
    max_qty: str
    min_notional: str
    maker_fee: str
    taker_fee: str
    margin_init: str
    margin_maint: str
    tie_rank: Annotated[int, msgspec.Meta(ge=0, le=999)]

    @property
    def symbol(self) -> str:
        """The exchange's symbol, for example ``BTCUSDT``."""
        return self.base + self.quote

    @property
    def instrument_id(self) -> str:
        """The Nautilus instrument id; a perpetual's symbol ends in ``-PERP``."""
        return f"{self.symbol}{'-PERP' if self.kind == 'perpetual' else ''}.BINANCE"

    @property
    def price_precision(self) -> int:
        """Decimals of a price, derived from the tick string as the live client does."""
        return _decimals(self.tick_size)

    @property
    def size_precision(self) -> int:
        """Decimals of a quantity, derived from the step string as the live client does."""
        return _decimals(self.step_size)


def _decimals(text: str) -> int:
    return abs(int(Decimal(text).as_tuple().exponent))


def load_specs(path: Path | None = None) -> dict[str, InstrumentSpec]:
    """Read the exchange facts.

    Parameters
    ----------
    path : Path, optional
        A TOML file of the same form; the package's own by default.

    Returns
    -------
    dict of str to InstrumentSpec
        By instrument id.

    Raises
    ------
    UsageError
        If the file is missing, has an unknown or wrong key, an id that does not match its facts
        or a ``tie_rank`` twice.

    """
    path = path or DEFAULT_INSTRUMENTS
    try:
        specs = msgspec.toml.decode(path.read_bytes(), type=dict[str, InstrumentSpec])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        message = f"{path}: {error}"
        raise UsageError(message, "correct the table of exchange facts") from error
    ranks: dict[int, str] = {}
    for name, spec in specs.items():
        if spec.instrument_id != name:
            message = f'{path}: ["{name}"] describes {spec.instrument_id}'
            raise UsageError(message, f'name the table ["{spec.instrument_id}"]')
        if spec.tie_rank in ranks:
            message = f"{path}: tie_rank {spec.tie_rank} of {name} is {ranks[spec.tie_rank]}'s"
            raise UsageError(message, f"give {name} a free tie_rank from 0 to 999")
        ranks[spec.tie_rank] = name
    return specs


def find_spec(specs: dict[str, InstrumentSpec], instrument_id: str) -> InstrumentSpec:
    """Return one instrument's facts.

    Raises
    ------
    UsageError
        If the instrument is unknown; the remedy names the nearest known one.

    """
    if instrument_id in specs:
        return specs[instrument_id]
    near = difflib.get_close_matches(instrument_id, specs, n=1)
    hint = f"did you mean {near[0]}? Otherwise " if near else ""
    message = f"instrument {instrument_id} is unknown"
    remedy = f'{hint}add ["{instrument_id}"] with the exchange\'s strings to {DEFAULT_INSTRUMENTS}'
    raise UsageError(message, remedy)


def facts(spec: InstrumentSpec) -> InstrumentFacts:
    """Return what the feature kernels need to know."""
    return InstrumentFacts(
        instrument_id=spec.instrument_id,
        price_precision=spec.price_precision,
        size_precision=spec.size_precision,
        tick_size=float(spec.tick_size),
    )


def _currency(code: str) -> Currency:
    known = Currency.from_internal_map(code)
    return known or Currency(code, 8, 0, code, CurrencyType.CRYPTO)


def nautilus_instrument(spec: InstrumentSpec) -> Instrument:
    """Build the Nautilus instrument with the precision that the live client derives."""
    quote = _currency(spec.quote)
    common = {
        "instrument_id": InstrumentId.from_str(spec.instrument_id),
        "raw_symbol": Symbol(spec.symbol),
        "base_currency": _currency(spec.base),
        "quote_currency": quote,
        "price_precision": spec.price_precision,
        "size_precision": spec.size_precision,
        "price_increment": Price.from_str(spec.tick_size),
        "size_increment": Quantity.from_str(spec.step_size),
        "min_quantity": _quantity(spec, spec.min_qty),
        "max_quantity": _quantity(spec, spec.max_qty),
        "min_notional": Money(Decimal(spec.min_notional), quote),
        "margin_init": Decimal(spec.margin_init),
        "margin_maint": Decimal(spec.margin_maint),
        "maker_fee": Decimal(spec.maker_fee),
        "taker_fee": Decimal(spec.taker_fee),
        "ts_event": 0,
        "ts_init": 0,
    }
    if spec.kind == "perpetual":
        return CryptoPerpetual(settlement_currency=quote, is_inverse=False, **common)
    return CurrencyPair(lot_size=Quantity.from_str(spec.step_size), **common)


def _quantity(spec: InstrumentSpec, text: str) -> Quantity:
    return Quantity.from_str(f"{Decimal(text):.{spec.size_precision}f}")
