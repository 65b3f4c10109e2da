"""The command ``saime``: each command parses, calls one service and reports counts."""
