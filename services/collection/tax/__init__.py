"""税务征收 · What the tax bureau collects and reports"""
