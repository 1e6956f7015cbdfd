"""Another Heliograph, by its native API."""
