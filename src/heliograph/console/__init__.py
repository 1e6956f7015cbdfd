"""The web console: pages for the person who runs this server. Today it is the sandbox's inbox."""
