"""A provider that nobody wrote an adapter for: any HTTP API, described in the settings."""
