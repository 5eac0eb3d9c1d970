"""缴费记录 · The months a person paid at all units, from which benefits are calculated"""
