"""支付批次与银行回报 · Payment batches and the results of the bank"""
