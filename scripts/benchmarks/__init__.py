"""`make bench`: how long a user waits for the first panel with data, and what the stack costs while it idles."""
