"""A provider that writes messages into a file: a record, or the way into a program of one's own."""
