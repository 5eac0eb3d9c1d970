"""待遇计发办法 · Formulas of benefits: dated rows, and the quotes calculated from them"""
