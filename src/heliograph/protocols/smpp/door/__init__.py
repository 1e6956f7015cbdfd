"""Where SMPP is served."""
