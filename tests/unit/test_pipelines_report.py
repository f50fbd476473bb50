"""What a run says of itself: exit code, JSON, and each fault once."""

import pytest

from assets.faults import Unexpected
from data_sharing_agreements.errors import CommonwealError, ErrorDetail, Held, IntegrityFault, Refused
from data_sharing_agreements.separation import Statement, Unmet
from pipelines.cli.progress import Lines, summary
from pipelines.cli.run import problems, refusals
from pipelines.occupation import Outcome, outcome
from pipelines.report import RunReport
from warehouse.steps import StepResult

EXPIRED = ErrorDetail("agreement-expired", "It ended.", document="DSA-1", clause="term")
TRUNCATED = ErrorDetail("truncated-file", "It ends early.", source="esd_wages", rule="truncated-file")
DONE = StepResult("ingest", "ospi_k12", "2023Q1", 10, 9, 1, 0.1234)
HELD = StepResult(
    "ingest", "esd_wages", "2023Q1", status="held", rules=(("truncated-file", 3),), errors=(TRUNCATED,)
)
DUTIES = Statement((Unmet(("linker", "splitter"), "process"),))
REFUSED = StepResult("link", "dshs_tanf", status="refused", errors=(EXPIRED,))


def report(*steps: StepResult, failures: tuple[CommonwealError, ...] = ()) -> RunReport:
    log = {"size": 0, "root": ""}
    return RunReport("7", outcome(failures, steps), 1.5, steps, None, (), (), log, DUTIES, failures)


@pytest.mark.parametrize(
    ("steps", "failures", "code", "status"),
    [
        ((), (), 0, "done"),
        ((DONE,), (), 0, "done"),
        ((DONE, HELD), (), 4, "held"),
        ((HELD, REFUSED), (), 3, "refused"),
        ((HELD, REFUSED), (IntegrityFault.of("x", "X"),), 6, "failed"),
        ((), (IntegrityFault.of("x", "X"), Unexpected.of("y", "Y")), 1, "failed"),
    ],
)
def test_the_worst_decides(
    steps: tuple[StepResult, ...], failures: tuple[CommonwealError, ...], code: int, status: str
) -> None:
    assert outcome(failures, steps) == Outcome(code, status)


def test_interruption_is_a_status_of_its_own() -> None:
    assert Outcome.of_code(130).status == "interrupted"


def test_the_object_of_the_interface() -> None:
    said = report(DONE, HELD, REFUSED).to_json()
    assert said["schema"] == "commonweal/run/1"
    assert said["exit_code"] == 3
    assert said["separation_of_duties"]["met"] is False
    assert "linker and splitter" in said["separation_of_duties"]["words"]
    assert said["steps"][0] == {
        "step": "ingest",
        "source": "ospi_k12",
        "period": "2023Q1",
        "rows_in": 10,
        "rows_out": 9,
        "rows_quarantined": 1,
        "seconds": 0.123,
        "status": "done",
    }
    assert said["held"] == [
        {"source": "esd_wages", "period": "2023Q1", "rules": [{"rule": "truncated-file", "rows": 3}]}
    ]
    assert said["refused"] == [
        {
            "verb": "link",
            "document": "DSA-1",
            "clause": "term",
            "reason": "It ended.",
            "names": ["dshs_tanf"],
        }
    ]
    assert len(said["errors"]) == 2


def test_no_errors_no_key() -> None:
    assert "errors" not in report(DONE).to_json()


def test_each_fault_is_told_once() -> None:
    told = problems(report(HELD, REFUSED, REFUSED, failures=(Refused(EXPIRED),)))
    assert [type(problem) for problem in told] == [Refused, Held]
    assert [problem.details for problem in told] == [(EXPIRED,), (TRUNCATED,)]


def test_equal_refusals_are_one_line_that_names_what_stops() -> None:
    steps = [
        StepResult("link", "com_hmis", status="refused", errors=(EXPIRED,)),
        StepResult("mart", "results", status="refused", errors=(EXPIRED,)),
        StepResult("indicators", "one", status="refused", errors=(EXPIRED,)),
        StepResult("indicators", "two", status="refused", errors=(EXPIRED,)),
        StepResult("mart", "tanf-leavers", status="refused", errors=(TRUNCATED,)),
    ]
    assert refusals(report(*steps).to_json()["refused"]) == [
        "Refused: It ended. (DSA-1, term) It stops: link com_hmis; mart results; indicators one, two.",
        "Refused: It ends early. (None, None) It stops: mart tanf-leavers.",
    ]


def test_a_step_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(DONE) == "ingest ospi_k12 2023Q1 · done · 10 → 9 rows · 1 quarantined · 0.1 s"
    with Lines() as lines:
        lines("link: encoding")
        lines.part("people", 1, 3)
        lines.done(DONE)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[:2] == ["  link: encoding", "  people (1 of 3)"]
