"""计算说明 · How each amount was reached, step by step"""
