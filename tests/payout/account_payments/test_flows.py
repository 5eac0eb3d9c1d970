"""Remainders of paid accounts, where a record was merged into another one."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from services.payout.account_payments import flows as account_payments_flow
from services.payout.account_payments.flows import AccountUse
from services.payout.draws.domain import DrawnPension
from services.payout.withdrawals.clients import PersonalBalances
from services.payout.withdrawals.domain import AccountBalance, Withdrawal, WithdrawalKind
from shared.ids import Ref

OLD, PERSON = 7, 8


class Balances:
    """The ledger: all of the account is the survivor's."""

    def __init__(self, account: AccountBalance) -> None:
        self.account = account

    async def of(self, person_ids: Sequence[int]) -> dict[tuple[int, str], AccountBalance]:
        """Read the account of the person only."""
        assert person_ids == [PERSON]
        return {(PERSON, "pension"): self.account}


def taken(person_id: int, fen: int) -> Withdrawal:
    return Withdrawal(
        person_id=person_id,
        fund="pension",
        kind=WithdrawalKind.PAYMENT,
        account_fen=fen,
        pooled_fen=0,
        claim=Ref(key=person_id, id=UUID(int=person_id)),
    )


async def test_a_merged_account_is_listed_once_with_the_pension_of_the_survivor() -> None:
    first, last = taken(OLD, 60_00), taken(PERSON, 10_00)
    ledger = AccountBalance(
        balance_fen=5_00, taken_fen={first.paper: 60_00, last.paper: 10_00}, pensions_fen=25_00
    )
    use = AccountUse(
        owners={OLD: PERSON, PERSON: PERSON},
        earlier=[first, last],
        pensions={PERSON: DrawnPension(exists=True, drawn_fen=25_00)},
    )
    balances = cast(PersonalBalances, Balances(ledger))
    [left] = await account_payments_flow.remainders(balances, [first, last], use)
    assert (left.last, left.left_fen) == (last, 5_00)
