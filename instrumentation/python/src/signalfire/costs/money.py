"""US dollars as whole numbers of 10⁻¹² dollars, so that sums are exact whatever the application's decimal context.

The finest price of a token today is some 10⁻⁹ dollars.
"""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

Picodollars = int

ONE_USD: Picodollars = 10**12
_DIGITS = 12
_MOST_USD = 10**12
_TEXT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?", re.ASCII)
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def from_usd(usd: Decimal | float | str) -> Picodollars:
    """Raises ValueError for what is no amount of money: not a number, negative, or 10¹² dollars and more."""
    try:
        amount = _CONTEXT.create_decimal(usd if isinstance(usd, Decimal) else str(usd))
    except InvalidOperation:
        raise ValueError(f"{usd!r} is not an amount of money") from None
    if not amount.is_finite() or not 0 <= amount < _MOST_USD:
        raise ValueError(f"{usd!r} is not an amount of money from 0 to {_MOST_USD} dollars")
    return int(_CONTEXT.to_integral_value(_CONTEXT.scaleb(amount, _DIGITS)))


def to_usd(amount: Picodollars) -> Decimal:
    """Exact, without trailing zeros; also for negative amounts."""
    return Decimal(to_text(amount))


def to_text(amount: Picodollars) -> str:
    """`12.5`, without trailing zeros or an exponent; what is not negative `from_text` reads again."""
    dollars, rest = divmod(abs(amount), ONE_USD)
    return f"{'-' if amount < 0 else ''}{dollars}.{rest:012d}".rstrip("0").rstrip(".")


def from_text(text: str) -> Picodollars:
    """Raises ValueError for what `to_text` would not write."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is not an amount of money")
    return int(found[1]) * ONE_USD + int((found[2] or "").ljust(_DIGITS, "0"))
