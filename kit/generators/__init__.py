"""One module a source of generated files; each has `generate(root)`: path in the repository to whole content."""
