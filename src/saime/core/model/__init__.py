"""The nouns: text, period, classification, data structure, dataset, lineage."""
