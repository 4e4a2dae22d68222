"""Where facts come from. Knows no screen: everything here answers with data, and says so when it can't."""
