"""监督 · Totals, the trail and controls at a closing"""
