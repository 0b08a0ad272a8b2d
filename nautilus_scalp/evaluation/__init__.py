"""How good the signal is, and where the money came from."""

import nautilus_scalp.features  # noqa: F401  (stamps the caches of the kernels here)
