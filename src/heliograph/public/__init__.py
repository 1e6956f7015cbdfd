"""Pages and files that recipients of messages open in a browser: short links, files, opt-out pages."""
