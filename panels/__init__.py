"""What each live panel asks, how it judges the answer, and how it is drawn."""
