"""Production: from facts and published tables to protected datasets, and from those to a release."""
