"""iSendPro, from both sides."""
