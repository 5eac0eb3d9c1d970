"""补缴、延长缴费 · Bought and extended months of pension insurance: quote, declaration, bill"""
