"""The simulated bank's own books: accounts, movements, online transfers.

Every movement has its mirror on the counterparty's account, so all balances together are zero.
The centre's four accounts never go below zero; the public's accounts may, because their other
money is not simulated.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.sandbox.journal import Journal
from shared.errors import Kind, Refusal

OWN_ACCOUNTS: Final = {
    "income": "社会保险基金收入户",
    "fiscal": "社会保障基金财政专户",
    "expenditure": "社会保险基金支出户",
    "treasury": "国库待报解社会保险费",
}
"""The centre's accounts: a single account of each sort for all funds, as 收支两条线 asks."""

REFUND: Final = "refund"
REFUND_RETURN: Final = "refund_return"
"""Summaries of a refund's movements."""

# 财社〔2017〕144号 arts. 39-42: the income account and the treasury pay only into the fiscal account,
# which alone feeds the expenditure account.
ALLOWED_FLOWS: Final = frozenset(
    {("income", "fiscal"), ("treasury", "fiscal"), ("fiscal", "expenditure")}
)


class FlowNotAllowed(Refusal):
    """收支两条线:该账户之间不得划款 (money may not flow between these accounts)"""

    kind = Kind.INVALID
    code = "FLOW_NOT_ALLOWED"


class Overdrawn(Refusal):
    """账户余额不足 (insufficient balance)"""

    kind = Kind.CONFLICT
    code = "INSUFFICIENT_FUNDS"


class ReferenceReused(Refusal):
    """该业务编号已用于另一笔划款 (this reference was used for another transfer)"""

    kind = Kind.CONFLICT
    code = "REFERENCE_REUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An online-banking order between two of the centre's accounts."""

    reference: str
    payer: str
    payee: str
    amount_fen: int
    day: date
    summary: str

    @property
    def serial(self) -> str:
        """Return the bank's serial of it: the same for every repeat."""
        return f"T{hashlib.sha256(self.reference.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money from outside to one of the centre's accounts, with what its payer wrote."""

    reference: str
    account: str
    payer: str
    amount_fen: int
    day: date
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Money from one account to another under one serial."""

    serial: str
    payer: str
    payee: str
    amount_fen: int
    day: date
    summary: str


class Bank:
    """The bank's accounts and transfers in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        with journal.transaction() as tx:
            for number, name in OWN_ACCOUNTS.items():
                open_account(tx, number, name, own=True)

    def transfer(self, order: Transfer) -> bool:
        """Carry out an order; False when it is a repeat of one already carried out.

        Raises:
            FlowNotAllowed: not one of the permitted flows.
            ReferenceReused: the reference stands for another order.
            Overdrawn: the payer holds less.
        """
        if (order.payer, order.payee) not in ALLOWED_FLOWS:
            raise FlowNotAllowed(payer=order.payer, payee=order.payee)
        with self._journal.transaction() as tx:
            known = _transfer(tx, "reference", order.reference)
            if known:
                if known != order:
                    raise ReferenceReused(reference=order.reference)
                return False
            move(
                tx,
                Move(
                    serial=order.serial,
                    payer=order.payer,
                    payee=order.payee,
                    amount_fen=order.amount_fen,
                    day=order.day,
                    summary=order.summary,
                ),
            )
            tx.execute(
                "INSERT INTO transfer (reference, serial, payer, payee, amount_fen, day, summary)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    order.reference,
                    order.serial,
                    order.payer,
                    order.payee,
                    order.amount_fen,
                    order.day.isoformat(),
                    order.summary,
                ),
            )
        return True

    def refund(
        self, reference: str, account: str, amount_fen: int, *, paid: date, returned: date
    ) -> str:
        """Pay a refund to an account that is closed, so that it comes back; the serial of its return.

        A repeat of a reference does nothing.

        Raises:
            Overdrawn: the account holds less.
        """
        serial = f"T{hashlib.sha256(reference.encode()).hexdigest()[:16]}"
        with self._journal.transaction() as tx:
            if tx.execute("SELECT 1 FROM movement WHERE serial = ?", (serial,)).fetchone():
                return f"{serial}-R"
            closed = f"refund-{serial}"
            open_account(tx, closed, "已销户")
            move(
                tx,
                Move(
                    serial=serial,
                    payer=account,
                    payee=closed,
                    amount_fen=amount_fen,
                    day=paid,
                    summary=REFUND,
                ),
            )
            move(
                tx,
                Move(
                    serial=f"{serial}-R",
                    payer=closed,
                    payee=account,
                    amount_fen=amount_fen,
                    day=returned,
                    summary=REFUND_RETURN,
                ),
            )
        return f"{serial}-R"

    def receive(self, credit: Credit) -> str:
        """Take in money that somebody transfers to one of the centre's accounts; its serial.

        A repeat of a reference does nothing.
        """
        serial = f"C{hashlib.sha256(credit.reference.encode()).hexdigest()[:16]}"
        with self._journal.transaction() as tx:
            if not tx.execute("SELECT 1 FROM movement WHERE serial = ?", (serial,)).fetchone():
                payer = f"payer-{serial}"
                open_account(tx, payer, credit.payer)
                move(
                    tx,
                    Move(
                        serial=serial,
                        payer=payer,
                        payee=credit.account,
                        amount_fen=credit.amount_fen,
                        day=credit.day,
                        summary=credit.remark,
                    ),
                )
        return serial

    def transfer_of(self, serial: str) -> Transfer | None:
        """Return the online order under a serial."""
        return _transfer(self._journal.connection, "serial", serial)

    def balances(self) -> dict[str, int]:
        """Return the centre's accounts and what they hold, in fen."""
        return {number: balance_fen(self._journal.connection, number) for number in OWN_ACCOUNTS}

    def position_fen(self) -> int:
        """Return the sum of all accounts: zero, always."""
        row = self._journal.connection.execute(
            "SELECT COALESCE(SUM(balance_fen), 0) AS total FROM account"
        ).fetchone()
        return int(row["total"])


def open_account(tx: sqlite3.Connection, number: str, name: str, *, own: bool = False) -> None:
    """Open an account unless it is there."""
    tx.execute(
        "INSERT INTO account (number, name, own) VALUES (?, ?, ?) ON CONFLICT (number) DO NOTHING",
        (number, name, own),
    )


def balance_fen(read: sqlite3.Connection, number: str) -> int:
    """Return the balance of an account."""
    row = read.execute("SELECT balance_fen FROM account WHERE number = ?", (number,)).fetchone()
    return int(row["balance_fen"])


def move(tx: sqlite3.Connection, order: Move) -> None:
    """Move money: one line out of the payer, its mirror into the payee.

    Raises:
        Overdrawn: one of the centre's accounts would go below zero.
    """
    if order.payer in OWN_ACCOUNTS and balance_fen(tx, order.payer) < order.amount_fen:
        raise Overdrawn(account=order.payer)
    for account, sign, other in (
        (order.payer, -1, order.payee),
        (order.payee, 1, order.payer),
    ):
        tx.execute(
            "INSERT INTO movement (account, serial, day, amount_fen, counterparty, summary)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                account,
                order.serial,
                order.day.isoformat(),
                sign * order.amount_fen,
                other,
                order.summary,
            ),
        )
        tx.execute(
            "UPDATE account SET balance_fen = balance_fen + ? WHERE number = ?",
            (sign * order.amount_fen, account),
        )


def _transfer(read: sqlite3.Connection, column: str, value: str) -> Transfer | None:
    row = read.execute(
        "SELECT reference, payer, payee, amount_fen, day, summary"
        f" FROM transfer WHERE {column} = ?",
        (value,),
    ).fetchone()
    if row is None:
        return None
    return Transfer(
        reference=row["reference"],
        payer=row["payer"],
        payee=row["payee"],
        amount_fen=row["amount_fen"],
        day=date.fromisoformat(row["day"]),
        summary=row["summary"],
    )
