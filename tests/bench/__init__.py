"""Speed and size, measured as ratios to a floor of the same run. Figures, not tests: machines differ."""
