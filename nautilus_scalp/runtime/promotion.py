"""The commands of the registry: who rules, who may rule instead, and who ruled before."""

import time
from pathlib import Path
from typing import Any

import msgspec

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import ScalpError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.errors import VerdictError
from nautilus_scalp.models.artifact import load_artifact
from nautilus_scalp.models.artifact import read_manifest
from nautilus_scalp.models.registry import Change
from nautilus_scalp.models.registry import challengers
from nautilus_scalp.models.registry import previous_champion
from nautilus_scalp.models.registry import promote
from nautilus_scalp.models.registry import read_registry
from nautilus_scalp.models.registry import rollback
from nautilus_scalp.settings import to_iso


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One artifact of a name.

    Attributes
    ----------
    id, role, path : str
        Its id, ``champion`` or ``challenger``, and its directory.
    horizon_ms : int, optional
        What it predicts.
    trained : tuple[str, str], optional
        Its training window.
    auc : float, optional
        Of the ensemble on held-out rows, if the manifest has it.
    problem : str, optional
        Why it could not be read; the figures are then None.

    """

    id: str
    role: str
    path: str
    horizon_ms: int | None = None
    trained: tuple[str, str] | None = None
    auc: float | None = None
    problem: str | None = None


class NameRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One model name: its champion, every artifact and the history.

    Attributes
    ----------
    champion : str, optional
        Id of the one that rules.
    models : list[ModelRow]
        The champion first.
    history : tuple[Change, ...]
        Promotions and roll-backs, oldest first.

    """

    champion: str | None
    models: list[ModelRow]
    history: tuple[Change, ...]


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``models list --json``: the folder, and its names."""

    home: str
    names: dict[str, NameRow]


class Succession(msgspec.Struct, frozen=True, kw_only=True):
    """
    The answer of ``models promote --json`` and ``models rollback --json``.

    Attributes
    ----------
    name : str
        Which model name.
    champion : str
        Who rules now.
    previous : str, optional
        Who ruled before.
    evidence : dict[str, Any]
        What the decision rests on.

    """

    name: str
    champion: str
    previous: str | None
    evidence: dict[str, Any]


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """
    On what a challenger and the champion are compared.

    Attributes
    ----------
    catalog : Path, optional
        Recorded data that neither was trained on; not needed without a champion.
    start_ns, end_ns : int, optional
        Window; by default from the later of both training windows' ends on.
    horizon_ms : int, optional
        By default the challenger's own.
    force : bool
        Whether to promote without any comparison.

    """

    catalog: Path | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    horizon_ms: int | None = None
    force: bool = False


def list_models(home: Path) -> ModelList:
    """Return every model of a folder.

    Parameters
    ----------
    home : Path
        Folder of ``<name>/<id>/`` artifacts; it need not exist.

    """
    registry = read_registry(home)
    names = {path.parent.parent.name for path in home.glob("*/*/manifest.json")}
    rows = {}
    for name in sorted(names | set(registry.names)):
        entry = registry.entry(name)
        ids = [entry.champion] if entry.champion else []
        ids += challengers(home, name)
        models = [_row(home, name, one, champion=one == entry.champion) for one in ids]
        rows[name] = NameRow(champion=entry.champion, models=models, history=entry.history)
    return ModelList(home=str(home), names=rows)


def promote_model(home: Path, name: str, model_id: str, contest: Contest) -> Succession:
    """Make a verified challenger the champion if it scores better on the same unseen window.

    Parameters
    ----------
    home : Path
        Folder of all models.
    name, model_id : str
        The challenger.
    contest : Contest
        On what both are compared.

    Raises
    ------
    UsageError
        If there is no such model, it rules already, the comparison cannot be made, or another model
        came to rule while it was.
    InputError
        If the artifact is damaged or has no parity certificate.
    VerdictError
        If the challenger is not better.

    """
    _require_verified(home, name, model_id)
    champion = read_registry(home).entry(name).champion
    if champion == model_id or champion is None or contest.force:
        evidence: dict[str, Any] = {"forced": contest.force and champion is not None}
    else:
        evidence = _compare(home / name, model_id, champion, contest)
    promote(home, name, model_id, champion, evidence, _now())
    return Succession(name=name, champion=model_id, previous=champion, evidence=evidence)


def rollback_model(home: Path, name: str) -> Succession:
    """Give the rule back to the champion before, after verifying it.

    Parameters
    ----------
    home : Path
        Folder of all models.
    name : str
        Which model name.

    Raises
    ------
    UsageError
        If there was no earlier champion.
    InputError
        If its artifact is damaged.

    """
    entry = read_registry(home).entry(name)
    earlier = previous_champion(entry, name)
    _require_verified(home, name, earlier)
    rollback(home, name, earlier, {}, _now())
    return Succession(name=name, champion=earlier, previous=entry.champion, evidence={})


def _now() -> str:
    return to_iso(time.time_ns())  # noqa: TID251 (a history keeps real time)


def _row(home: Path, name: str, model_id: str, *, champion: bool) -> ModelRow:
    path = home / name / model_id
    row = ModelRow(id=model_id, role="champion" if champion else "challenger", path=str(path))
    try:
        manifest = read_manifest(path)
    except ScalpError as error:
        return msgspec.structs.replace(row, problem=error.message)
    return msgspec.structs.replace(
        row,
        horizon_ms=manifest.horizon_ms,
        trained=(to_iso(manifest.train_start_ns), to_iso(manifest.train_end_ns)),
        auc=manifest.metrics.get("holdout", {}).get("ensemble", {}).get("auc"),
    )


def _require_verified(home: Path, name: str, model_id: str) -> None:
    """Refuse an artifact that does not load, or was never shown to compute what live computes."""
    path = home / name / model_id
    plain = all(part not in {"", ".", ".."} and "/" not in part for part in (name, model_id))
    if not plain or not path.is_dir():
        message = f"{path}: there is no such model"
        raise UsageError(message, "`nautilus-scalp models list` shows names and ids")
    if load_artifact(path).manifest.parity is None:
        message = f"{path}: it has no parity certificate"
        raise InputError(message, "train it with `nautilus-scalp train`")


def _compare(folder: Path, challenger: str, champion: str, contest: Contest) -> dict[str, Any]:
    """Return the evidence that the challenger is better, or refuse."""
    # The scores need the training layer's labels; listing and rolling back do not.
    from nautilus_scalp.training.evaluate import evaluate  # noqa: PLC0415

    if contest.catalog is None:
        message = f"{folder.name} has a champion, {champion}, and nothing to compare both on"
        raise UsageError(message, "name data that neither has seen with --catalog, or use --force")
    manifests = [read_manifest(folder / model_id) for model_id in (challenger, champion)]
    start_ns = contest.start_ns
    if start_ns is None:
        start_ns = max(manifest.train_end_ns for manifest in manifests)
    horizon = str(contest.horizon_ms or manifests[0].horizon_ms)
    scores: dict[str, float] = {}
    window: list[str] = []
    for model_id in (challenger, champion):
        judged = evaluate(folder / model_id, contest.catalog, start_ns, contest.end_ns)
        auc = judged["horizons"].get(horizon, {}).get("auc")
        if auc is None:
            message = f"{folder / model_id} has no AUC at {horizon} ms on this window"
            raise UsageError(message, "choose --horizon and a window that both models can score")
        scores[model_id], window = auc, judged["window"]
    new, old = scores[challenger], scores[champion]
    if new <= old:
        message = f"{challenger} scores AUC {new:.4f} at {horizon} ms, the champion {old:.4f}"
        raise VerdictError(message, "keep the champion, or promote with --force")
    return {"forced": False, "window": window, "horizon_ms": int(horizon), "auc": scores}
