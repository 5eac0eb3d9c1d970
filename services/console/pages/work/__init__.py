"""Work of the districts and of the centre on declarations and bills."""
