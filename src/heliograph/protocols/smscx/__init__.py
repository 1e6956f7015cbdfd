"""SMS.CX (SMS Connexion) API 1.0.2, from both sides."""
