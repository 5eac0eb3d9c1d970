"""Files to and from banks. A file is built or read in a worker thread, outside every transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import IO, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel
from services.collection.allocation.flows import policies_of
from services.collection.debits.domain.bank_file import (
    AnswerFile,
    FileOfNoBatch,
    FilePiece,
    debit_results,
    pieces_of,
    refused_lines,
)
from services.collection.debits.domain.bank_profile import BankProfile, BankSigningKeyMissing
from services.collection.debits.flows import bank_profile as bank_profile_flow
from services.collection.debits.flows import debit as debit_flow
from services.collection.debits.flows.debit import DebitResultSummary, batch_ref
from services.collection.debits.store import bank_file as bank_file_store
from services.collection.debits.store import debit as debit_store
from services.collection.debits.store.bank_file import OrderRow
from services.collection.debits.store.debit import DebitBatch
from shared import book_days
from shared.bank_files.formats import bank_format
from shared.bank_files.protocol import (
    BankFileSignatureWrong,
    BankFileUnsigned,
    Faults,
    refuse,
)
from shared.bank_files.values import (
    Acknowledgement,
    BankAccount,
    BankOrder,
    BankOutcome,
    OrderFile,
    OrderKind,
)
from shared.clock import today
from shared.errors import Fault
from shared.references import Reference
from shared.roles import Caller
from shared.security.message_keys import MessageKey
from shared.security.personal_data import AccountCipher
from shared.signature.algorithms import Jwk, KeyUnusable
from shared.signature.file import FileSignatureWrong, SignatureForm, sign_file, verify_file
from shared.signature.own_keys import KeyFileUnusable, OwnKeys

SIGNED_BYTES_MAX: Final = 64 * 1024 * 1024
"""A signed file is verified whole, in memory."""


class BankKeys(Protocol):
    """Knows the public keys that are registered for clients."""

    async def message_keys(self, client: str, kid: str | None) -> list[MessageKey]:
        """Return a client's keys in force."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file as it goes to a bank."""

    name: str
    media_type: str
    content: bytes
    signature: str | None = None
    """Its detached signature; None where the bank's profile asks for none."""


@dataclass(frozen=True, slots=True)
class OrderSource:
    """A batch, its bank and its lines, read in one transaction."""

    batch: DebitBatch
    profile: BankProfile
    rows: list[OrderRow]


async def orders(tx: AsyncConnection, text: str, caller: Caller) -> OrderSource:
    """Read what the file of a batch is built from.

    Raises:
        NotAReference, DebitBatchUnknown, Forbidden: as `debit.find`.
    """
    batch = await debit_flow.find(tx, text, caller)
    profile = await bank_profile_flow.find(tx, batch.bank)
    return OrderSource(batch, profile, await bank_file_store.orders(tx, batch.id))


async def build(source: OrderSource, accounts: AccountCipher, keys: OwnKeys) -> BuiltFile:
    """Build the file of a batch; the same batch always gives the same file.

    Raises:
        BankSigningKeyMissing: it must be signed, and the key is not there or does not fit.
    """
    return await asyncio.to_thread(_signed, source, accounts, keys)


def _signed(source: OrderSource, accounts: AccountCipher, keys: OwnKeys) -> BuiltFile:
    profile, file = source.profile, _build(source, accounts)
    if profile.signing.form is SignatureForm.NONE:
        return file
    try:
        signature = sign_file(
            file.content,
            profile.signing,
            key_id=profile.own_key_id,
            private=keys.private(profile.own_key_id),
        )
    except (KeyUnusable, KeyFileUnusable):
        raise BankSigningKeyMissing(bank=profile.code, key=profile.own_key_id) from None
    return replace(file, signature=(signature or b"").decode().strip())


def _build(source: OrderSource, accounts: AccountCipher) -> BuiltFile:
    batch, profile = source.batch, source.profile
    adapter = bank_format(profile.format)
    file = OrderFile(
        kind=OrderKind.DEBIT,
        number=batch.file_no,
        created_at=batch.created_at,
        due_on=batch.debit_date,
        own=profile.own,
        own_id=profile.own_id,
        orders=tuple(_order(row, batch.period, accounts) for row in source.rows),
    )
    return BuiltFile(
        f"{batch.file_no}.{profile.code}.{adapter.suffix}",
        adapter.media_type,
        adapter.build_batch(file),
    )


def _order(row: OrderRow, period: str, accounts: AccountCipher) -> BankOrder:
    account = accounts.opened(dict(row.bank))
    return BankOrder(
        line_no=row.line_no,
        account=BankAccount(account["number"], account["name"], account["bank"]),
        amount_fen=row.amount_fen,
        purpose=f"社会保险费 {period} {row.credit_code}",
        mandate=row.number or "",
        signed_on=row.signed_on,
    )


async def check_signature(
    file: IO[bytes], signature: str | None, profile: BankProfile, keys: BankKeys
) -> None:
    """Verify a file's signature before any of it is read, where the bank's profile demands one.

    Raises:
        BankFileUnsigned, BankFileSignatureWrong: the file is refused whole.
        BankFileInvalid: it is too long to be verified.
    """
    if profile.signing.form is SignatureForm.NONE:
        return
    if signature is None:
        raise BankFileUnsigned(bank=profile.code)
    public = {
        key.kid: dict(key.public_key)
        for key in await keys.message_keys(profile.signing_client, None)
    }
    content = file.read(SIGNED_BYTES_MAX + 1)
    file.seek(0)
    if len(content) > SIGNED_BYTES_MAX:
        raise refuse(
            "", "FILE_TOO_LONG", "签名文件须在 64 MiB 以内 (a signed file has 64 MiB at most)"
        )

    def named(kid: str | None) -> list[Jwk]:
        return list(public.values()) if kid is None else [public[kid]] if kid in public else []

    try:
        await asyncio.to_thread(
            verify_file, content, signature.encode(), profile.signing, keys=named
        )
    except FileSignatureWrong as wrong:
        raise BankFileSignatureWrong(bank=profile.code, why=str(wrong)) from None


async def read(source: IO[bytes], profile: BankProfile) -> Acknowledgement:
    """Read a bank's answer whole.

    Raises:
        BankFileInvalid: with every fault of the file.
    """
    adapter = bank_format(profile.format)
    return await asyncio.to_thread(adapter.parse_acknowledgement, source, OrderKind.DEBIT)


async def divide(
    tx: AsyncConnection,
    answer: Acknowledgement,
    profile: BankProfile,
    *,
    sha256: bytes,
    region: str,
) -> AnswerFile:
    """Find the batches of an answer, and divide it into pieces that can all be taken.

    Raises:
        FileOfNoBatch: it names files that were not sent to this bank.
        BankFileInvalid: it has days that cannot be booked.
        NoPolicy: no policy was in force on a day of it.
    """
    await _check_days(tx, answer, region)
    named = {one.file_no for one in answer.results}
    named |= {one.file_no for one in answer.refused_files}
    batches = await debit_store.ids_of_files(tx, sorted(named), profile.code)
    faults = [
        Fault(f"file_no/{name[:64]}", "FILE_UNKNOWN", "不是发给该行的批次 (not sent to this bank)")
        for name in sorted(named - set(batches))
    ]
    if faults:
        raise FileOfNoBatch(faults=faults[:1000], count=len(faults))
    pieces = list(pieces_of(answer.results, answer.refused_files, batches))
    return AnswerFile(sha256=sha256, number=answer.number, others=answer.others, pieces=pieces)


async def _check_days(tx: AsyncConnection, answer: Acknowledgement, region: str) -> None:
    """Check all days of a file before any of it is taken."""
    days, policies = await book_days.read(tx), await policies_of(tx, region)
    faults = Faults()
    for day in sorted({one.value_date for one in answer.results if one.value_date}):
        for refusal in debit_flow.day_refusals(day, days):
            faults.add(f"value_date/{day}", refusal.code, refusal.message)
    faults.refuse()
    settled = {one.value_date for one in answer.results if one.outcome is BankOutcome.SETTLED}
    for day in sorted(day for day in settled if day):
        policies.account(Channel.BANK_DEBIT, day)


async def take(
    tx: AsyncConnection, piece: FilePiece, *, region: str, caller: Caller
) -> DebitResultSummary:
    """Apply a piece of an answer to its batch, in one transaction.

    Raises:
        Faulty: value dates are after today.
    """
    await debit_store.load(tx, piece.batch_id, lock=True)
    if piece.refusal is not None:
        waiting = await bank_file_store.waiting_lines(tx, piece.batch_id)
        results = refused_lines(piece.refusal, waiting, today())
    else:
        numbers = [one.line_no for one in piece.results if one.amount_fen is None]
        lines = await debit_store.lines_of(tx, piece.batch_id, numbers) if numbers else []
        results = debit_results(piece.results, {one.line_no: one for one in lines}, today())
    text = batch_ref(piece.batch_id).text(Reference.DEBIT_BATCH)
    return await debit_flow.report_results(
        tx, text, results, bank=None, region=region, caller=caller
    )
