"""The resources of the asynchronous client. `resources/` is generated from these by `make generate`; edit these."""
