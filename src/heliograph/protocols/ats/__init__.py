"""ATS, a Czech gateway that speaks XML (reference: providers.md, section C)."""
