"""A bank's serial counts once per bank: two banks may use the same number.

The serial of a return counts among those of the receipt's source, that of a refund sent back among
those of the deposit that paid it.
"""

from __future__ import annotations

from alembic import op

revision = "collection_0028"
down_revision = "collection_0027"
branch_labels = None
depends_on = None

UP = (
    "ALTER TABLE return_serial ADD COLUMN source text",
    """
    UPDATE return_serial AS used
       SET source = receipt.source
      FROM receipt_change AS change
      JOIN receipt ON receipt.receipt_key = change.receipt_key AND receipt.id = change.receipt_id
     WHERE change.receipt_key = used.receipt_key AND change.id = used.change_id
    """,
    """
    ALTER TABLE return_serial
        ALTER COLUMN source SET NOT NULL,
        DROP CONSTRAINT return_serial_pkey,
        ADD PRIMARY KEY (serial_key, source, serial)
    """,
    "ALTER TABLE refund_return_serial ADD COLUMN deposit text",
    """
    UPDATE refund_return_serial AS used
       SET deposit = coalesce(refund.paid_from, refund.deposit)
      FROM refund
     WHERE refund.return_serial = used.serial
    """,
    """
    ALTER TABLE refund_return_serial
        ALTER COLUMN deposit SET NOT NULL,
        DROP CONSTRAINT refund_return_serial_pkey,
        ADD PRIMARY KEY (serial_key, deposit, serial)
    """,
)


def upgrade() -> None:
    """Name the source or deposit of every serial."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Let a serial count once for all banks again; it fails where two banks used one number."""
    op.execute("ALTER TABLE return_serial DROP COLUMN source, ADD PRIMARY KEY (serial_key, serial)")
    op.execute("""
        ALTER TABLE refund_return_serial DROP COLUMN deposit, ADD PRIMARY KEY (serial_key, serial)
    """)
