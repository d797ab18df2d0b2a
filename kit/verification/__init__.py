"""`make verify` follows one fault from the metric to the resolved notification; `make verify-alerts` plays them all."""
