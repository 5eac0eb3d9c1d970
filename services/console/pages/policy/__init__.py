"""政策 · Rules in force, their versions, the city's own rules, benefits and formulas"""
