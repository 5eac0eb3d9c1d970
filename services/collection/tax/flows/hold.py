"""Lists of money in suspense, of refunds, and of what the tax bureau may collect."""

from __future__ import annotations

from services.collection.tax.store import hold as hold_store
from services.collection.tax.store import refund as tax_refund_store

page = hold_store.page
"""Reads held money over all receipts."""
dues = hold_store.dues
"""Reads what the tax bureau may collect of what was assessed here."""
refunds = tax_refund_store.page
"""Reads refunds by the tax bureau."""
