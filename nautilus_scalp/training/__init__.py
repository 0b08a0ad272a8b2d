"""A tape becomes a trained and verified model artifact."""

import nautilus_scalp.features  # noqa: F401  (stamps the caches of the kernels here)
