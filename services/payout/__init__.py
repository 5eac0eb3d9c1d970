"""Payout (待遇支付): entitlements, claims on three signatures, payment batches, the bank's word."""
