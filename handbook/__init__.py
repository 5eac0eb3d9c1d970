"""The documentation site: pages made from the source at build, beside those of docs/."""
