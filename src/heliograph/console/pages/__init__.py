"""The pages of accounts, one module each: how a page is added stands in docs/console.md."""
