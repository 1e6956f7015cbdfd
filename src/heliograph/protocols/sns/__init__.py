"""Amazon SNS: texts by its Publish action (reference: providers.md, section B)."""
