"""缴费通知单、贷项与退费 · Bills, credits and refunds of credits"""
