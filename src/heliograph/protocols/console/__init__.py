"""A provider that prints messages: to look at, without any operator."""
