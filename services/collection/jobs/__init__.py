"""What operations do in the background, kind by kind."""
