"""追回 · Recovery of benefits that were overpaid"""
