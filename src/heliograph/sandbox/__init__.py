"""The sandbox: a simulated operator in place of a real provider, its phones, its chaos, and two accounts of its own."""
