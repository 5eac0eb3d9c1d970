"""体检 · Checks of an installation for `wuxian doctor`, each with a remedy."""
