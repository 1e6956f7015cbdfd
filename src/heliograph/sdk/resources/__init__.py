"""The resources of the synchronous client, generated from `async_resources/`."""
