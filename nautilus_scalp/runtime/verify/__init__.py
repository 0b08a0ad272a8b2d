"""Does a model know what it should not: leak, placebo, planted edge and parity checks."""
