"""Whether a newly trained model takes the published one's place: never a worse one, unless it is asked for."""

from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """words: one line for whoever trained, with the figures that decided."""

    promoted: bool
    words: str


def decide(new: dict[str, Any], current: dict[str, Any] | None, force: bool = False) -> Verdict:
    """Compares what two manifests say under "validation"; `current` is None where nothing is published yet.

    The new one's holds measure, value, interval [low, high], cases, and current: the published model's value on these
    very cases, None where it could not be had. Values of different cases are never compared.
    """
    measured = new.get("validation")
    if current is None:
        return Verdict(True, "the first version" + (f": {figures(measured)}" if measured else ""))
    if not measured:
        return Verdict(True, "not compared with the current version: too few events to validate on")
    if measured["current"] is None:
        return Verdict(True, f"{figures(measured)}; the current version could not be measured on the same cases")
    compared = f"{figures(measured)}, the current version {measured['current']:.4f} on the same cases"
    if measured["value"] >= measured["current"]:  # False for a value that is no number
        return Verdict(True, compared)
    if force:
        return Verdict(True, f"worse than the current version, and published all the same: {compared}")
    return Verdict(
        False, f"not published, for it is worse: {compared}; to publish it all the same: ./lab train --force"
    )


def figures(measured: dict[str, Any]) -> str:
    """ "NDCG@20 0.3120 (95 %: 0.3010 to 0.3230, 1,500 cases)", of what a manifest says under "validation"."""
    low, high = measured["interval"]
    return f"{measured['measure']} {measured['value']:.4f} (95 %: {low:.4f} to {high:.4f}, {measured['cases']:,} cases)"
