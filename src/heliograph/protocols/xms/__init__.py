"""XMS, the SMS REST API of CLX and Sinch, as its documentation and published clients have it."""
