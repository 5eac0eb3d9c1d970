"""The peers that payout speaks to: collection (reads), the ledger (holds and vouchers)."""
