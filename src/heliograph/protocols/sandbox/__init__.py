"""The sandbox operator: a mobile network with simulated phones, in place of a real provider."""
