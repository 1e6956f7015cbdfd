"""The web console: pages for the people of an account, and for the developer at the sandbox's phones."""
