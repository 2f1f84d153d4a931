"""The accounts server: sign-in, consent, tokens."""
