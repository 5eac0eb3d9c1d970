"""SQL of the three-way match (三方对账): statement × list of receipts × books of one account.

One statement does it over sets. Lines are grouped by their reference; a receipt or a voucher is found
under its serial, or under the paper (push, batch) that a collective entry names. Lines that name
nothing known are paired with vouchers of the same amount and day, one to one, then with one of
another day where both are alone with their amount; never with a receipt, because equal amounts are
common and would hide a missing and an unlisted payment.

An entry that nothing is known of, and the bank's correction that refers to it, make no difference.
A return is known by the bank's own serial of it; where that is the receipt's, it is paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.bank_table import AdjustmentLine
from shared.db import patient

PATIENCE_SECONDS: Final = 1800
"""A month of a large city has a million lines."""
BACK_DAYS: Final = 62
"""Days before the window in which the other sides of its movements are looked for."""
APART_DAYS: Final = 10
"""Most days between a line and a voucher that are alone with their amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchWindow:
    """One account and its days: judged from `first` on, by all that is known of days to `until`.

    `covered` is the last day with a statement, `within` the days that money may take to arrive.
    """

    account_key: int
    account: str
    first: date
    until: date
    covered: date
    within: int
    channels: Sequence[str]

    def values(self) -> dict[str, Any]:
        """Return the statement's parameters."""
        return {
            "key": self.account_key,
            "first": self.first,
            "until": self.until,
            "covered": self.covered,
            "within": self.within,
            "channels": list(self.channels),
            "back": BACK_DAYS,
            "apart": APART_DAYS,
        }


def ticket_sql(serial: str, of_tax: str) -> str:
    """Write a serial as a statement names it: a tax ticket has one entry for all of its receipts.

    Further receipts of a ticket have its number, a slash and the number of a line; so have the
    returns that a refund by the bureau makes.
    """
    return f"CASE WHEN {of_tax} THEN regexp_replace({serial}, '/[0-9]+$', '') ELSE {serial} END"


_OF_TAX: Final = "'tax' = ANY(CAST(:channels AS text[]))"
_SIDES: Final = f"""
    line AS (
        SELECT day, line_no, {ticket_sql("serial", _OF_TAX)} AS serial,
               {ticket_sql("reference", _OF_TAX)} AS reference, amount_fen, counter_mark
          FROM bank_statement_line
         WHERE account_key = :key AND day BETWEEN CAST(:first AS date) - CAST(:back AS integer)
                                              AND CAST(:until AS date)
    ), returned AS (
        SELECT 'receipt_return:' || replace(CAST(change.id AS text), '-', '') AS mark,
               {ticket_sql("change.serial", _OF_TAX)} AS serial
          FROM receipt_change AS change
          JOIN receipt ON receipt.receipt_key = change.receipt_key
                      AND receipt.id = change.receipt_id AND receipt.serial <> change.serial
         WHERE change.kind = 'return' AND change.status = 'approved'
           AND change.on_day >= CAST(:first AS date) - CAST(:back AS integer)
    ), book AS (
        SELECT coalesce(returned.serial, {ticket_sql("moved.mark", _OF_TAX)}) AS mark,
               min(moved.paper) AS paper,
               CAST(sum(moved.amount_fen) AS bigint) AS fen, min(moved.value_day) AS day,
               bool_or(moved.of_receipt) AS of_receipt
          FROM book_movement AS moved
          LEFT JOIN returned ON returned.mark = moved.mark
         WHERE moved.account_key = :key
           AND moved.day BETWEEN CAST(:first AS date) - CAST(:back AS integer)
                             AND CAST(:until AS date)
         GROUP BY 1
        HAVING sum(moved.amount_fen) <> 0
    ), listed AS (
        SELECT {ticket_sql("serial", _OF_TAX)} AS serial, min(paper) AS paper,
               CAST(sum(amount_fen) AS bigint) AS fen,
               min(paid_on) AS day, (array_agg(receipt_key ORDER BY id))[1] AS receipt_key,
               CAST(min(CAST(id AS text)) AS uuid) AS receipt_id, min(district) AS district
          FROM receipt
         WHERE channel = ANY(CAST(:channels AS text[]))
           AND book_date BETWEEN CAST(:first AS date) - CAST(:back AS integer)
                             AND CAST(:until AS date)
         GROUP BY 1
    ), paper AS (
        SELECT listed.paper, CAST(sum(listed.fen) AS bigint) AS fen, min(listed.day) AS day,
               CAST(sum(book.fen) AS bigint) AS book_fen
          FROM listed
          LEFT JOIN book ON book.mark = listed.serial
         GROUP BY listed.paper
    )"""
"""The three sides by reference, and the papers that collective entries name."""

_GROUPS: Final = """
    known AS (
        SELECT serial AS mark FROM listed
         UNION
        SELECT paper FROM paper
         UNION
        SELECT mark FROM book
    ), named AS (
        SELECT line.day, line.line_no, line.amount_fen, line.counter_mark,
               coalesce(nullif(line.reference, ''), line.serial) AS own_mark,
               coalesce(of_order.mark, of_bank.mark) AS mark
          FROM line
          LEFT JOIN known AS of_order ON of_order.mark = line.reference
          LEFT JOIN known AS of_bank ON of_bank.mark = line.serial
    ), unnamed AS (
        SELECT day, line_no, amount_fen,
               row_number() OVER (PARTITION BY amount_fen, day ORDER BY line_no) AS nth,
               count(*) OVER (PARTITION BY amount_fen) AS alike
          FROM named
         WHERE mark IS NULL
    ), unmet AS (
        SELECT book.mark, book.fen, book.day,
               row_number() OVER (PARTITION BY book.fen, book.day ORDER BY book.mark) AS nth,
               count(*) OVER (PARTITION BY book.fen) AS alike
          FROM book
          LEFT JOIN named ON named.mark = book.mark
          LEFT JOIN named AS whole ON whole.mark = book.paper
         WHERE named.mark IS NULL AND whole.mark IS NULL AND NOT book.of_receipt
    ), said AS (
        SELECT coalesce(named.mark, unmet.mark, lone.mark, named.own_mark) AS mark,
               count(*) AS lines, CAST(sum(named.amount_fen) AS bigint) AS fen,
               min(named.day) AS day, max(named.day) AS last_day,
               max(named.counter_mark) AS counter_mark
          FROM named
          LEFT JOIN unnamed ON unnamed.day = named.day AND unnamed.line_no = named.line_no
          LEFT JOIN unmet ON unmet.fen = unnamed.amount_fen AND unmet.day = unnamed.day
                         AND unmet.nth = unnamed.nth
          LEFT JOIN unmet AS lone ON lone.fen = unnamed.amount_fen AND lone.alike = 1
                                 AND unnamed.alike = 1
                                 AND abs(lone.day - unnamed.day) <= CAST(:apart AS integer)
         GROUP BY 1
    ), payer AS (
        SELECT payer_key AS mark, unit_id FROM payer_account
    ), stranger AS (
        SELECT said.mark
          FROM said
          JOIN listed ON listed.serial = said.mark
          JOIN payer ON payer.mark = said.counter_mark
          JOIN payment ON payment.receipt_key = listed.receipt_key
                      AND payment.receipt_id = listed.receipt_id
         WHERE said.last_day >= CAST(:first AS date)
         GROUP BY said.mark
        HAVING NOT bool_or(payment.unit_id = payer.unit_id)
    )"""
"""Lines by reference; pairs of what names nothing; payments from another unit's account."""

_KIND: Final = """
    CASE WHEN list_fen IS NULL AND book_fen IS NULL AND fen = 0 THEN NULL
         WHEN list_fen IS NULL AND book_fen IS NULL AND fen > 0 THEN 'statement_not_list'
         WHEN list_fen IS NULL AND book_fen IS NULL THEN 'statement_not_books'
         WHEN lines > 1 AND NOT collective AND fen = lines * coalesce(list_fen, book_fen)
         THEN 'duplicate'
         WHEN list_fen IS NULL AND of_receipt THEN 'statement_not_list'
         WHEN book_fen IS NULL THEN 'statement_not_books'
         WHEN fen <> book_fen OR fen <> coalesce(list_fen, book_fen) THEN 'amount_differs'
         WHEN payer_differs THEN 'wrong_payer'
         WHEN list_day IS NOT NULL AND NOT day - list_day BETWEEN 0 AND CAST(:within AS integer)
         THEN 'wrong_day'
         WHEN list_day IS NULL AND abs(day - book_day) > CAST(:within AS integer)
         THEN 'wrong_day'
    END"""

_FOUND: Final = f"""
    {_SIDES}, {_GROUPS}, judged AS (
        SELECT said.mark, said.lines, said.fen, said.day,
               coalesce(listed.fen, paper.fen) AS list_fen,
               coalesce(listed.day, paper.day) AS list_day,
               coalesce(book.fen, paper.book_fen) AS book_fen, book.day AS book_day,
               coalesce(book.of_receipt, false) AS of_receipt,
               listed.serial IS NULL AND paper.paper IS NOT NULL AS collective,
               listed.receipt_key, listed.receipt_id, listed.district,
               stranger.mark IS NOT NULL AS payer_differs
          FROM said
          LEFT JOIN listed ON listed.serial = said.mark
          LEFT JOIN paper ON paper.paper = said.mark AND listed.serial IS NULL
          LEFT JOIN book ON book.mark = said.mark
          LEFT JOIN stranger ON stranger.mark = said.mark
         WHERE said.last_day >= CAST(:first AS date)
    ), found AS MATERIALIZED (
        SELECT mark AS subject, {_KIND} AS kind, day, fen AS statement_fen,
               coalesce(list_fen, 0) AS list_fen, coalesce(book_fen, 0) AS book_fen,
               receipt_key, receipt_id, coalesce(district, 'centre') AS district, false AS on_its_way
          FROM judged
         WHERE {_KIND} IS NOT NULL
         UNION ALL
        SELECT listed.serial, 'list_not_statement', listed.day, 0, listed.fen,
               coalesce(book.fen, 0), listed.receipt_key, listed.receipt_id, listed.district,
               listed.day + CAST(:within AS integer) > CAST(:covered AS date)
          FROM listed
          LEFT JOIN book ON book.mark = listed.serial
          LEFT JOIN said ON said.mark = listed.serial
          LEFT JOIN said AS whole ON whole.mark = listed.paper
         WHERE listed.day >= CAST(:first AS date)
           AND said.mark IS NULL AND whole.mark IS NULL
         UNION ALL
        SELECT book.mark, 'books_not_statement', book.day, 0, 0, book.fen, NULL, NULL, 'centre',
               book.day + CAST(:within AS integer) > CAST(:covered AS date)
          FROM book
          LEFT JOIN said ON said.mark = book.mark
         WHERE book.day >= CAST(:first AS date) AND NOT book.of_receipt AND said.mark IS NULL
    )"""
"""Every difference of the window."""


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """Counts of a run: items that are new or changed, and items that agree again."""

    found: int
    changed: int
    cleared: int


async def save_items(tx: AsyncConnection, window: MatchWindow, today: date) -> MatchCounts:
    """Write the differences of a window as items, and clear those that agree again."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text(f"""
            WITH {_FOUND}, changed AS (
                INSERT INTO reconciliation_item AS item
                       (account_key, id, account, subject, kind, day, statement_fen, list_fen,
                        book_fen, receipt_key, receipt_id, district, facts, status, opened_on)
                SELECT CAST(:key AS bigint),
                       CAST(md5(CAST(:account AS text) || ':' || subject) AS uuid), :account,
                       subject, kind, day, statement_fen, list_fen, book_fen, receipt_key,
                       receipt_id, district,
                       concat_ws(' ', kind, day, statement_fen, list_fen, book_fen),
                       CASE WHEN on_its_way THEN 'in_transit' ELSE 'open' END,
                       CAST(:today AS date)
                  FROM found
                    ON CONFLICT (account_key, subject) DO UPDATE
                   SET kind = excluded.kind, day = excluded.day,
                       statement_fen = excluded.statement_fen, list_fen = excluded.list_fen,
                       book_fen = excluded.book_fen, receipt_key = excluded.receipt_key,
                       receipt_id = excluded.receipt_id, district = excluded.district,
                       facts = excluded.facts, status = excluded.status, reason = NULL,
                       note = NULL, proposed_by = NULL, settled_by = NULL, settled_on = NULL,
                       cleared_on = NULL, round = item.round + 1
                 WHERE item.facts <> excluded.facts OR item.status = 'cleared'
                    OR (item.status = 'in_transit' AND excluded.status = 'open')
                RETURNING 1
            ), cleared AS (
                UPDATE reconciliation_item AS item
                   SET status = 'cleared', cleared_on = CAST(:today AS date)
                 WHERE item.account_key = :key
                   AND item.day BETWEEN CAST(:first AS date) AND CAST(:until AS date)
                   AND item.status <> 'cleared'
                   AND NOT EXISTS (SELECT 1 FROM found WHERE found.subject = item.subject)
                RETURNING 1
            )
            SELECT (SELECT count(*) FROM found) AS found,
                   (SELECT count(*) FROM changed) AS changed,
                   (SELECT count(*) FROM cleared) AS cleared
        """),
        window.values() | {"account": window.account, "today": today},
    )
    return MatchCounts(**rows.one()._mapping)


async def adjustments(tx: AsyncConnection, window: MatchWindow, limit: int) -> list[AdjustmentLine]:
    """Read what bank and books have apart at the end of the window's last day, with the items."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text(f"""
            WITH {_FOUND}
            SELECT found.subject, found.kind, found.day, found.statement_fen, found.book_fen,
                   item.status, item.owner, item.reason
              FROM found
              LEFT JOIN reconciliation_item AS item
                     ON item.account_key = :key AND item.subject = found.subject
             WHERE found.statement_fen <> found.book_fen
             ORDER BY found.day, found.subject
             LIMIT :limit
        """),
        window.values() | {"limit": limit},
    )
    return [AdjustmentLine(**row._mapping) for row in rows]
