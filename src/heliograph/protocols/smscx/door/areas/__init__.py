"""Parts of the SMS.CX door, each for one or two of the vendor's API classes."""
