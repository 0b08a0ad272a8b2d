"""The model card: a manifest for people; nothing in it that the manifest does not hold."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nautilus_scalp.features.engine import build_schema
from nautilus_scalp.models.manifest import Manifest
from nautilus_scalp.settings import to_iso


_NS_PER_S = 1_000_000_000
_HASH_SHOWN = 12
_NONE = "None recorded."
_CALIBRATION = (
    "move gain", "bias", "gap", "fresh", "eaten", "direction gain", "tilt", "pull",
)  # fmt: skip


def render_card(manifest: Manifest) -> str:
    """Return the model card of a manifest.

    Parameters
    ----------
    manifest : Manifest
        Of a trained ensemble; its ``files`` and checksums are not looked at.

    Returns
    -------
    str
        Markdown.

    """
    sections = (
        ("Data", _data(manifest)),
        ("Method", _method(manifest)),
        ("Features", _features(manifest)),
        ("Label", _facts(manifest.label) + _rules(manifest.label_audit)),
        ("Figures on held-out rows", _figures(manifest.metrics.get("holdout", {}), "model")),
        ("Figures per fold", _folds(manifest.folds)),
        ("Calibration", _calibration(manifest)),
        ("Parity certificate", _parity(manifest)),
        ("Limits", _limits(manifest)),
    )
    purpose = (
        f"Predicts whether the mid price is lower, equal or higher {manifest.horizon_ms:,} ms "
        f"after a quote of {', '.join(manifest.instruments)}."
    )
    head = [f"# Model {manifest.name}, {manifest.model_id}", "", purpose]
    body = [line for title, lines in sections for line in ("", f"## {title}", "", *lines)]
    return "\n".join([*head, *body, ""])


def _data(manifest: Manifest) -> list[str]:
    rows = manifest.metrics.get("rows", {})
    start, end = to_iso(manifest.train_start_ns), to_iso(manifest.train_end_ns)
    return [
        f"* Trained on {start} to {end}, exchange time, the end not included.",
        *(f"* Rows, {name}: {_cell(count)}" for name, count in rows.items()),
        "",
        *_table(
            ("file", "SHA-256"),
            ((name, sha[:_HASH_SHOWN]) for name, sha in sorted(manifest.data_checksums.items())),
        ),
    ]


def _method(manifest: Manifest) -> list[str]:
    sizes = (
        (
            name,
            ", ".join(f"{key} {_cell(size)}" for key, size in manifest.sizes.get(name, {}).items()),
            _cell(weight),
        )
        for name, weight in manifest.weights.items()
    )
    versions = ", ".join(f"{name} {text}" for name, text in manifest.versions.items())
    return [
        *_table(("model", "size", "weight in the ensemble"), sizes),
        "",
        f"* Embargo between label intervals of both sides of a split: {manifest.embargo_ms:,} ms",
        f"* Seed: {manifest.seed}",
        f"* Versions: {versions or _NONE}",
    ]


def _features(manifest: Manifest) -> list[str]:
    specs = build_schema(manifest.features, manifest.feature_names).specs
    models = sorted({model for shares in manifest.importances.values() for model in shares})
    rows = (
        (
            f"`{spec.name}`",
            spec.group,
            spec.unit,
            *(_cell(manifest.importances.get(spec.name, {}).get(model)) for model in models),
        )
        for spec in specs
    )
    header = ("feature", "group", "unit", *(f"share in {model}" for model in models))
    return [*_table(header, rows), "", *_facts(manifest.selection)]


def _rules(audit: Mapping[str, Any]) -> list[str]:
    if not audit:
        return ["", "Label audit: none recorded."]
    return ["", "What rules without skill score on this label:", "", *_figures(audit, "rule")]


def _folds(folds: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what each fold was in one table, and its figures at every horizon in another."""
    if not folds:
        return [_NONE]
    facts = {
        fold["name"]: {key: fact for key, fact in fold.items() if key not in {"name", "horizons"}}
        for fold in folds
    }
    figures = {
        f"{horizon} ms, {fold['name']}": fold["horizons"][horizon]
        for horizon in folds[0]["horizons"]
        for fold in folds
    }
    return [
        "Each fold was predicted by models fitted to the others, purged, the embargo in between.",
        "",
        *_figures(facts, "fold"),
        "",
        *_figures(figures, "horizon and fold"),
    ]


def _calibration(manifest: Manifest) -> list[str]:
    rows = (
        (f"{horizon} ms", *(_cell(value) for value in fit))
        for horizon, fit in manifest.horizon_calibration.items()
    )
    return [
        *_table(("horizon", *_CALIBRATION), rows),
        "",
        f"* Up or down counts as a call from a probability of {manifest.signal_threshold:g}.",
        *(
            f"* Of the probabilities for {horizon} ms: from {threshold:g}."
            for horizon, threshold in manifest.call_thresholds.items()
        ),
    ]


def _parity(manifest: Manifest) -> list[str]:
    found = manifest.parity
    if found is None:
        return ["None: batch and stream were not compared."]
    told = (
        f"Batch and stream gave the same bits for {found.rows:,} quotes ({found.ready:,} with warm "
        f"features) among the first {found.events:,} events of the training tape: "
        f"`{found.features_sha256[:_HASH_SHOWN]}`. Loading computes both again."
    )
    return [told]


def _limits(manifest: Manifest) -> list[str]:
    seconds = (manifest.train_end_ns - manifest.train_start_ns) / _NS_PER_S
    held = manifest.metrics.get("holdout", {}).get("ensemble", {})
    horizons = ", ".join(f"{horizon:,}" for horizon in manifest.horizons_ms)
    limits = [
        f"* The window spans {seconds / 3_600:,.2f} hours, pauses included.",
        f"* Instruments other than {', '.join(manifest.instruments)} were not learned from.",
        f"* Horizons other than {horizons} ms have no calibration.",
        "* Held-out rows chose calibration and threshold, so figures on them flatter: judge the",
        "  model with `nautilus-scalp evaluate` on data after its training window.",
    ]
    auc, rule = held.get("auc"), held.get("auc_imbalance")
    if auc is not None and rule is not None and auc <= rule:
        limits.append(
            f"* On held-out rows the ensemble (AUC {auc:.4f}) is not above queue imbalance alone "
            f"({rule:.4f})."
        )
    if not manifest.folds:
        limits.append("* No folds are recorded.")
    if not manifest.label_audit:
        limits.append("* No label audit is recorded.")
    if manifest.parity is not None and not manifest.parity.ready:
        limits.append("* No feature vector of the parity slice had warmed up.")
    return limits


def _figures(rows: Mapping[str, Any], what: str) -> list[str]:
    """Return figures by name as a table of those that are plain values, inner tables flattened."""
    flat = {name: dict(_flat(figures)) for name, figures in rows.items()}
    columns = list(dict.fromkeys(key for figures in flat.values() for key in figures))
    if not columns:
        return [_NONE]
    cells = (
        (name, *(_cell(figures.get(key)) for key in columns)) for name, figures in flat.items()
    )
    return _table((what, *(key.replace("_", " ") for key in columns)), cells)


def _facts(facts: Mapping[str, Any]) -> list[str]:
    return [f"* {key.replace('_', ' ')}: {_cell(value)}" for key, value in _flat(facts)]


def _flat(value: Any, prefix: str = "") -> Iterable[tuple[str, Any]]:  # noqa: ANN401 (any JSON)
    """Yield plain values by their dotted names."""
    if not isinstance(value, Mapping):
        yield prefix or "value", value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    columns = tuple(header)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return [_NONE]
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines]


def _cell(value: Any) -> str:  # noqa: ANN401 (any JSON)
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return str(value).replace("|", "\\|").replace("\n", " ")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(_cell(item) for item in value)
