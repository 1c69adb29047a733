"""One module a kind of resource: the operations on it, and how it looks."""
