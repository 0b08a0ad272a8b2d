"""Class probabilities become a signal that a strategy can trade on."""

import nautilus_scalp.features  # noqa: F401  (stamps the caches of the kernels here)
