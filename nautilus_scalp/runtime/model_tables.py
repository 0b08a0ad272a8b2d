"""Tables about models for a terminal: label audit, importance, signal quality, registry."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from nautilus_scalp.runtime.promotion import NameRow
from nautilus_scalp.runtime.tables import figure
from nautilus_scalp.runtime.tables import rows_table


_SIGNAL_COLUMNS = (
    *("moves", "auc", "auc_imbalance", "accuracy", "accuracy_top_decile", "mcc"),
    *("brier", "ece", "ic", "false_positive_rate", "coverage"),
)
_BAR = 20  # characters of the longest bar


def audit_table(audit: Mapping[str, Any]) -> Table:
    """Return what rules without skill score on a label, to be read before any accuracy.

    Parameters
    ----------
    audit : Mapping[str, Any]
        ``label`` and ``rules``, as ``train`` and ``evaluate`` answer them.

    Returns
    -------
    Table
        For ``rich``.

    """
    columns = ("accuracy", "accuracy_moves", "auc")
    kind = audit["label"].get("kind", "horizon")
    return rows_table(
        ("rule without skill", *columns),
        (
            (name, *(figure(figures.get(column)) for column in columns))
            for name, figures in audit["rules"].items()
        ),
        f"label audit: {kind}",
    )


def importance_table(importances: Mapping[str, Mapping[str, float]]) -> Table:
    """Return what each feature contributes to each model, the largest mean share first.

    Parameters
    ----------
    importances : Mapping[str, Mapping[str, float]]
        By feature and measure; each measure sums to 1.

    Returns
    -------
    Table
        For ``rich``; its bars show the mean share.

    """
    mean = {name: sum(row.values()) / max(len(row), 1) for name, row in importances.items()}
    order = sorted(mean, key=lambda name: -mean[name])
    measures = sorted({measure for row in importances.values() for measure in row})
    longest = max(mean.values(), default=1.0) or 1.0
    return rows_table(
        ("feature", *measures, "mean"),
        (
            (
                name,
                *(f"{importances[name].get(measure, 0.0):.3f}" for measure in measures),
                f"{mean[name]:.3f} " + "\u2588" * round(_BAR * mean[name] / longest),
            )
            for name in order
        ),
        "importance of features",
    )


def signal_table(title: str, horizons: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the figures of a signal, one row a horizon or a model.

    Parameters
    ----------
    title : str
        Whose signal.
    horizons : Mapping[str, Mapping[str, Any]]
        Figures by horizon in milliseconds, or by name.

    Returns
    -------
    Table
        For ``rich``.

    """
    rows = (
        (
            f"{name} ms" if name.isdigit() else name,
            *(figure(figures[column]) for column in _SIGNAL_COLUMNS),
        )
        for name, figures in horizons.items()
    )
    names = (name.replace("_", " ") for name in _SIGNAL_COLUMNS)
    return rows_table(("", *names), rows, title)


def models_table(name: str, row: NameRow) -> Table:
    """Return the models of a name, the champion first.

    Parameters
    ----------
    name : str
        The name.
    row : NameRow
        Its models.

    Returns
    -------
    Table
        For ``rich``.

    """
    rows = (
        (
            model.id,
            model.role,
            "-" if model.horizon_ms is None else f"{model.horizon_ms} ms",
            " .. ".join(model.trained or ("-",)),
            figure(model.auc),
            model.problem or "",
        )
        for model in row.models
    )
    header = ("model", "role", "horizon", "trained on", "AUC held out", "problem")
    return rows_table(header, rows, name)
