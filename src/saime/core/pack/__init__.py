"""A pack is a country as content: files that a statistician writes and the code reads."""
