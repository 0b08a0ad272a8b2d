"""The fitted models as a user of the libraries would call them, one row at a time."""

from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from nautilus_scalp.models.scaler import CLIP
from nautilus_scalp.training.fit_models import FittedModels


class LibraryEnsemble:
    """Predictions by scikit-learn, xgboost and torch themselves: what compiled ones are held to.

    Parameters
    ----------
    models : FittedModels
        The models; they are set to one thread, each library's fastest way for one row.
    weights : float64[4]
        Of logistic regression, random forest, LSTM and xgboost.

    """

    def __init__(self, models: FittedModels, weights: npt.NDArray[np.float64]) -> None:
        models.random_forest.n_jobs = 1
        models.xgboost.set_param({"nthread": 1})
        self._models = models
        self._weights = weights
        self._state: tuple[torch.Tensor, torch.Tensor] | None = None
        self._threads = 1

    def __enter__(self) -> Self:
        """Hold torch to one thread."""
        self._threads = torch.get_num_threads()
        torch.set_num_threads(1)
        return self

    def __exit__(self, *_: object) -> None:
        """Give torch its threads back."""
        torch.set_num_threads(self._threads)

    def predict(self, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Predict one event; the LSTM carries its state from call to call.

        Parameters
        ----------
        value : float64[F]
            Features.

        Returns
        -------
        float64[3]
            Weighted probabilities of down, flat, up, before calibration.

        """
        models = self._models
        row = value[None]
        z = np.clip((row - models.linear.center) / models.linear.scale, -CLIP, CLIP)
        with torch.inference_mode():
            scores, self._state = models.lstm(
                torch.from_numpy(z.astype(np.float32))[None], self._state
            )
        outputs = (
            models.linear.logistic.predict_proba(z)[0],
            models.random_forest.predict_proba(row.astype(np.float32))[0],
            scores[0, 0].softmax(0).numpy(),
            models.xgboost.inplace_predict(row)[0],
        )
        pooled: npt.NDArray[np.float64] = self._weights @ np.stack(outputs)
        return pooled
