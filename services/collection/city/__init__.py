"""本市规则 · The city's own rules, corrected by two people"""
