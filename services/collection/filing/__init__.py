"""申报 · Declarations: monthly, nil, in bulk, by file and in arrears"""
