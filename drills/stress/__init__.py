"""The stress plan: load steps, their steady state, the first objective that breaks and what held it up."""
