"""A small service that asks a model, before and after it is watched: the example of docs/library/first-service.md."""
