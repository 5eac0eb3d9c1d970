"""失信标记与稽核规则 · Flags of lost credit on units and persons, and the rules of inspections"""
