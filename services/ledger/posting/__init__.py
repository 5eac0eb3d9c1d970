"""记账 · Vouchers and holds"""
