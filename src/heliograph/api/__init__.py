"""The native API, version 1: all of Heliograph in one consistent shape. The SDK and the CLI speak it."""
