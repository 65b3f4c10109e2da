"""From person facts to exact counts of distinct persons: plans, their compiled form and the engines that count."""
