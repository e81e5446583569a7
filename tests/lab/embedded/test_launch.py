"""Why a start failed, by what the service wrote."""

from pathlib import Path

from shoplab.lab.embedded.launch import last_error


def test_the_last_error_of_a_log_is_its_cause(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    old = "java.io.IOException: of an earlier start\n"
    log.write_text(
        f"{old}2026-01-01 00:00:00 ERROR KafkaRaftServer: Exiting\njava.lang.RuntimeException: disk is gone\n\tat x\n"
    )
    assert last_error(log, len(old)) == "java.lang.RuntimeException: disk is gone"
    assert last_error(log, log.stat().st_size) == ""
