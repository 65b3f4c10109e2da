"""The release store: protected datasets in, immutable releases out. ``store`` writes inside, ``reader`` reads outside."""
