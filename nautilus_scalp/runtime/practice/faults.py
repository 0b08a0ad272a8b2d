"""The fault menu of the practice exchange: what can be switched on while a trader is connected."""

from decimal import Decimal

import msgspec


class Faults(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Misbehaviour in force. Counters run down as they are used up; zero and false are healthy.

    Parameters
    ----------
    ack_delay_ms : int
        Answers to order requests come this late; the order itself is in the book at once.
    answer_delay_ms : int
        Answers to every request over HTTP come this late.
    lost_orders : int
        So many new orders never arrive: the connection is cut, nothing is executed.
    lost_acks : int
        So many new orders are executed, but their answer never comes: the connection is cut.
    unknown_results : int
        So many new orders are executed and answered with the venue's "outcome unknown".
    dropped_user_events : int
        So many order and account events never leave the venue.
    duplicate_user_events : bool
        Every order and account event is sent twice.
    swapped_user_events : bool
        Order and account events leave in pairs, the later one first.
    http_status : int
        429, 418, 403, 500 or 503 for the next `http_errors` requests of the account's owner.
    http_errors : int
        How many.
    rejected_orders : int
        So many new orders are refused for lack of margin.
    frozen_feed : bool
        Connections stay up, but no quote and no trade comes.
    crossed_quotes : int
        So many quotes are sent with the bid above the offer; the venue's own book stays sound.
    spike_bps : int
        Every price is moved by this much, up or down.
    max_fill : Decimal, optional
        Executions are cut into pieces of at most this quantity, and a resting order gets one for
        each event of the market.
    clock_skew_ms : int
        The venue's clock is ahead by this much.

    """

    ack_delay_ms: int = 0
    answer_delay_ms: int = 0
    lost_orders: int = 0
    lost_acks: int = 0
    unknown_results: int = 0
    dropped_user_events: int = 0
    duplicate_user_events: bool = False
    swapped_user_events: bool = False
    http_status: int = 503
    http_errors: int = 0
    rejected_orders: int = 0
    frozen_feed: bool = False
    crossed_quotes: int = 0
    spike_bps: int = 0
    max_fill: Decimal | None = None
    clock_skew_ms: int = 0

    def use_up(self, counter: str) -> bool:
        """Take one off a counter.

        Parameters
        ----------
        counter : str
            Name of the field.

        Returns
        -------
        bool
            Whether there was one left to take.

        Examples
        --------
        >>> faults = Faults(lost_acks=1)
        >>> faults.use_up("lost_acks"), faults.use_up("lost_acks")
        (True, False)

        """
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
        return left > 0
