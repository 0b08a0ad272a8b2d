"""Market events become a feature vector."""

from nautilus_scalp.features.kernel_cache import install


install()  # before the first kernel is defined
