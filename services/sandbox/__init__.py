"""A simulated bank and a simulated tax bureau: ordinary clients of the public API, for trying it out."""
