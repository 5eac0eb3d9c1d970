"""年度基数核定 · Yearly review of contribution bases"""
