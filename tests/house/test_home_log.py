"""The log of `wuxian up`: all is kept in files, and only what is no request is printed."""

from pathlib import Path

import pytest

from services.supervisor.home_log import ACCESS_LINE, HomeLog


def test_requests_go_to_their_own_file_and_are_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = HomeLog(tmp_path / "log")
    request = ACCESS_LINE + ',"status":200}'
    log.is_starting = False
    log("ledger", request)
    log("ledger", "ledger is ready")
    log.close()
    assert (tmp_path / "log" / "access.log").read_text() == request + "\n"
    assert (tmp_path / "log" / "services.log").read_text() == "ledger     | ledger is ready\n"
    assert capsys.readouterr().err == "ledger     | ledger is ready\n"


def test_what_services_miss_while_all_start_is_kept_and_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = HomeLog(tmp_path / "log")
    log("supervisor", "ledger migrated")
    log("payout", "identity does not answer")
    log.close()
    assert "identity does not answer" in (tmp_path / "log" / "services.log").read_text()
    assert capsys.readouterr().err == "supervisor | ledger migrated\n"
