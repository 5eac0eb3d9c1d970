"""征收模式 · Who collects in a region: the agency or the tax bureau, by day"""
