"""退休人员个人账户划入 · Monthly runs of retirees' injections"""
