"""All that gives the SEGMENT table, as one published model."""

from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import ROBOT_SESSION_EVENTS
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.segments.confidence import Confidence, confidence
from shoplab.segments.drift import ReferenceBins
from shoplab.segments.kmeans import SegmentModel, apply_segments
from shoplab.segments.rfm import RfmModel, apply_rfm


@dataclass(frozen=True)
class Segmentation:
    """bins: the features' shape when the centres' scaling was fitted, which later months are compared with."""

    rfm: RfmModel
    kmeans: SegmentModel
    confidence: Confidence
    bins: ReferenceBins

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).to_dict() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Segmentation":
        return cls(
            RfmModel.from_dict(values["rfm"]),
            SegmentModel.from_dict(values["kmeans"]),
            Confidence.from_dict(values["confidence"]),
            ReferenceBins(**values["bins"]),
        )


def apply_segmentation(model: Segmentation, history: DataFrame) -> DataFrame:
    """History's columns and those of SEGMENT. Grain: one user."""
    placed = apply_segments(model.kmeans, apply_rfm(model.rfm, history))
    return placed.withColumns({"confidence": confidence(model.confidence), "robot": is_robot()})


def is_robot() -> Column:
    """Of a history: no person reads so many pages in one session."""
    return F.col("longest_session") > ROBOT_SESSION_EVENTS


def load_model(catalog: SparkCatalog) -> Segmentation:
    """The published model. LabError with the command that makes one, where there is none. Needs no Spark."""
    path = catalog.current("models/segments")
    try:
        return Segmentation.from_dict(catalog.storage.read_json(f"{path}/model.json"))
    except (KeyError, TypeError):
        raise LabError(
            "the published segments were made by an earlier version; make them anew: ./lab segment"
        ) from None


def read_segments(catalog: SparkCatalog) -> DataFrame:
    """The published SEGMENT table. LabError with the command that makes one, where there is none."""
    return read_version(catalog, catalog.current("segments"))


def read_version(catalog: SparkCatalog, folder: str) -> DataFrame:
    """The SEGMENT table of one version's directory."""
    return catalog.read_version("segments", folder)
