"""缴费通知单与贷项 · Bills and credits"""
