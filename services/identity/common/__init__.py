"""公用 · Pieces of several subjects: names, events"""
