"""待遇项目 · Kinds of benefits"""
