"""What `make test` and `make lint` are made of."""
