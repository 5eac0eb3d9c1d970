"""The doors of money, measured: a file of tax lines, and a file of debit confirmations."""
