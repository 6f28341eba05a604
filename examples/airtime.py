"""Airtime: calls that run once, a flow within a flow, a way back, and a menu without end.

Try it with `flowdsl chat examples/airtime.py:airtime`. The network and its accounts are made up and live in this process; where a
real one would be asked over HTTP, the functions would be the same.
"""

import asyncio
from decimal import Decimal

from flowdsl import Back, Become, Call, CallFailed, Chat, Prompt, Run, Say, Steps, answers, flow

MENU = {"buy": "Buy airtime", "balance": "My balance", "exit": "Exit"}

BALANCES: dict[str, Decimal] = {}
PAID: dict[str, Decimal] = {}


class NotEnoughMoney(Exception):
    """The account does not hold that much."""


async def balance_of(msisdn: str) -> Decimal:
    """Look up what an account holds, as an API would."""
    await asyncio.sleep(0)
    return BALANCES.setdefault(msisdn, Decimal("20.00"))


async def pay(msisdn: str, amount: Decimal, idempotency_key: str) -> Decimal:
    """Take money from an account, once for each key however often it is tried, and tell what is left."""
    if idempotency_key not in PAID:
        left = await balance_of(msisdn) - amount
        if left < 0:
            raise NotEnoughMoney(f"you have only GHS {BALANCES[msisdn]}")
        BALANCES[msisdn] = PAID[idempotency_key] = left
    return PAID[idempotency_key]


@flow
def purchase(chat: Chat) -> Steps[bool]:
    """Ask for whom and how much, and pay."""
    whom = yield from Prompt("whom", "Airtime for which number?", transform=answers.phone("GH"))
    amount = yield from Prompt("amount", "How much?", transform=answers.money("GHS", 1, 100, point="."))
    sure = yield from Prompt("sure", f"GHS {amount} for {whom}?", choices=["Pay", "Back", "Cancel"])
    if sure == "Back":
        yield Back()
    if sure == "Cancel":
        return False
    try:
        left = yield from Call(pay, chat.msisdn, amount, timeout=10, retries=2, irreversible=True)
    except CallFailed as error:
        yield Say(f"Not paid: {error.message}.")
        return False
    yield Say(f"Paid. GHS {left} left.")
    return True


@flow
def airtime(chat: Chat) -> Steps[None]:
    """Go round the menu; its journal stays as small as on the first round."""
    choice = yield from Prompt("menu", "Airtime", choices=MENU)
    if choice == "exit":
        yield Say("Goodbye.")
        return
    if choice == "balance":
        balance = yield from Call(balance_of, chat.msisdn)
        yield Say(f"You have GHS {balance}.")
    else:
        yield Run(purchase)
    yield Become(airtime)
