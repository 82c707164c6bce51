"""The sandbox proven against the contract, by requests made from the contract itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CheckContext, negative_data_rejection, not_a_server_error
from schemathesis.core.transport import Response

from sandbox.inputs import COLUMN_MAXIMUM
from sandbox.running import RunningSandbox, running_sandbox

# The same requests every time, and no more than a few seconds of them.
contract = schemathesis.openapi.from_path(
    Path(__file__).parents[1] / "contract/openapi.yaml",
    config=schemathesis.config.SchemathesisConfig(seed=1),
)
bounded = settings(
    max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


def breaks_down_over_huge_numbers_alone(
    context: CheckContext, response: Response, case: schemathesis.Case[Any]
) -> bool | None:
    """A 500 is Core's answer to a number that its database cannot hold, and to nothing else."""
    if response.status_code >= 500:
        numbers = case.body.values() if isinstance(case.body, dict) else ()
        assert any(_is_beyond_the_column(number) for number in numbers)
    return None


def _is_beyond_the_column(value: Any) -> bool:
    return isinstance(value, int | float) and value > COLUMN_MAXIMUM


# Core takes much that is not written: "5", true, fields that it does not know. What it does
# refuse is tested in tests/sandbox; here it has to say so as the contract has it.
CHECKS: dict[str, Any] = {
    "excluded_checks": [negative_data_rejection, not_a_server_error],
    "additional_checks": [breaks_down_over_huge_numbers_alone],
}


@pytest.fixture(scope="module")
def core() -> Iterator[RunningSandbox]:
    """A sandbox that all the generated requests share."""
    with running_sandbox(sign_in_field="either") as running:
        yield running


@contract.parametrize()
@bounded
def test_every_answer_is_as_the_contract_says(
    case: schemathesis.Case[Any], core: RunningSandbox
) -> None:
    headers = {"Accept": "application/json", "Authorization": core.keys["northwind"]["full"]}
    case.call_and_validate(base_url=core.url, headers=headers, **CHECKS)


def test_pools_are_as_the_contract_says_all_their_life() -> None:
    with running_sandbox() as core:
        bearer = f"Bearer {core.bearer('blank', 'manager')}"
        headers = {"Accept": "application/json", "Authorization": bearer}

        class Lives(contract.as_state_machine()):  # type: ignore[misc]
            """Creates pools, then gets, updates, clears and deletes those, in many orders."""

            def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
                return {"base_url": core.url, "headers": headers}

            def validate_response(
                self, response: Response, case: schemathesis.Case[Any], **options: Any
            ) -> None:
                case.validate_response(
                    response, recorder=self.recorder, transport_kwargs=options, **CHECKS
                )

        Lives.run(settings=settings(bounded, max_examples=20, stateful_step_count=8))
        actions = {change.action for change in core.applied}
    assert actions == {"create", "update", "clear", "delete"}
