"""HTTP: the shell of a service's app, and the client that speaks to others."""
