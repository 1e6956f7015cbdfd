"""SMPP 3.4: messages by a connection that stays, to SMSCs and from ESMEs."""
