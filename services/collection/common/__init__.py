"""共用 · Pieces that several subjects share"""
