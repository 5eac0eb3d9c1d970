"""冲销 · Reversals of vouchers, proposed by one person and approved by another"""
