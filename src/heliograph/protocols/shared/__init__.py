"""What several protocols' clients and providers have in common; each module says for whom it is."""
