"""Raw recordings become a Nautilus catalog, and a catalog becomes a tape."""

import nautilus_scalp.features  # noqa: F401  (stamps the caches of the kernels here)
