"""What the checks of the mixin let pass, each with the reason."""

# Mutants that no test of their alert can notice: "Alert (severity): change" → why.
SURVIVING_MUTANTS: dict[str, str] = {}
