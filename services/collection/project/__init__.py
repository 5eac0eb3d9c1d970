"""工程项目工伤保险 · Injury insurance of construction projects"""
