"""A bank's menu, nested and in loops: try it with `flowdsl chat examples/bank.py:bank`.

Balances here are made up from the answers alone, so that the example needs no bank.
"""

from decimal import Decimal, InvalidOperation

from flowdsl import Chat, Prompt, Say, Steps, flow

MAIN = {"balance": "Balance", "send": "Send money", "cards": "Cards", "exit": "Exit"}
CARDS = {"block": "Block a card", "limit": "Change the limit", "back": "Back"}
OPENING_BALANCE = Decimal("250.00")


def amount(text: str) -> Decimal:
    """Read an amount of money with at most two decimals."""
    try:
        typed = Decimal(text.strip())
        value = typed.quantize(Decimal("0.01"))
        if value == typed and value > 0:
            return value
    except InvalidOperation:
        pass
    raise ValueError("Please enter an amount, such as 20 or 12.50.")


def recipient(text: str) -> str | None:
    """Tell what is wrong with a Ghanaian mobile number as it is dialled at home."""
    digits = text.replace(" ", "")
    if digits.isdecimal() and len(digits) == 10 and digits.startswith("0"):
        return None
    return "A number has 10 digits, such as 0244123456."


def send_money(balance: Decimal) -> Steps[Decimal]:
    """Ask for a transfer, and return what is left."""
    to = yield from Prompt("to", "Send to which number?", validate=recipient)
    value = yield from Prompt("amount", f"How much? You have GHS {balance}.", transform=amount)
    if value > balance:
        yield Say(f"You have only GHS {balance}.")
        return balance
    if (yield from Prompt.confirm("sure", f"Send GHS {value} to {to}?")):
        yield Say(f"Sent GHS {value} to {to}.")
        return balance - value
    return balance


def cards() -> Steps[None]:
    """Go round the menu of cards until the person leaves it."""
    while (choice := (yield from Prompt("card", "Cards", choices=CARDS))) != "back":
        if choice == "block":
            last = yield from Prompt("last", "Last 4 digits of the card?")
            yield Say(f"The card ending in {last} is blocked.")
        else:
            limit = yield from Prompt("limit", "New limit per day?", transform=amount)
            yield Say(f"The limit is now GHS {limit}.")


@flow
def bank(chat: Chat) -> Steps[None]:
    """Go round the main menu until the person leaves it."""
    balance = OPENING_BALANCE
    yield Say("Sika Bank")
    while (choice := (yield from Prompt("menu", "What would you like to do?", choices=MAIN))) != "exit":
        if choice == "balance":
            yield Say(f"Your balance is GHS {balance}.")
        elif choice == "send":
            balance = yield from send_money(balance)
        else:
            yield from cards()
    yield Say("Thank you for banking with us.")
