"""A running Heliograph: its settings, its parts put together, its process."""
