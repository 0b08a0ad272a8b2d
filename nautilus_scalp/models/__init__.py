"""A feature vector becomes class probabilities."""

import nautilus_scalp.features  # noqa: F401  (stamps the caches of the kernels here)
