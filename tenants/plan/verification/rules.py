"""The steps of a trust's check: who may take which, from where."""

from enum import StrEnum

from tenants.plan.verification.models import VerificationStep


class Side(StrEnum):
    SCHOOL = "school"
    TRUST = "trust"


STEP_NAMES = {
    VerificationStep.SAMPLED: "Chosen for a check by the trust",
    VerificationStep.SUBMITTED: "Submitted to the trust",
    VerificationStep.VERIFIED: "Verified by the trust",
    VerificationStep.RETURNED: "Returned by the trust",
}
OUTDATED = "Verified by the trust before it changed"

_NONE = None
# step -> (who takes it, after which steps)
_ALLOWED: dict[VerificationStep, tuple[Side, frozenset[VerificationStep | None]]] = {
    VerificationStep.SAMPLED: (
        Side.TRUST,
        frozenset({_NONE, VerificationStep.VERIFIED}),
    ),
    VerificationStep.SUBMITTED: (
        Side.SCHOOL,
        frozenset({_NONE, VerificationStep.SAMPLED, VerificationStep.RETURNED, VerificationStep.VERIFIED}),
    ),
    VerificationStep.VERIFIED: (
        Side.TRUST,
        frozenset({VerificationStep.SAMPLED, VerificationStep.SUBMITTED}),
    ),
    VerificationStep.RETURNED: (
        Side.TRUST,
        frozenset({VerificationStep.SAMPLED, VerificationStep.SUBMITTED, VerificationStep.VERIFIED}),
    ),
}
NEEDS_COMMENT = {VerificationStep.RETURNED}


def may_take(step: VerificationStep, *, side: Side, last: VerificationStep | None) -> bool:
    """Whether a side may take a step after the last one (none: nothing was ever checked)."""
    whose, after = _ALLOWED[step]
    return whose is side and last in after


def possible_steps(*, side: Side, last: VerificationStep | None) -> list[VerificationStep]:
    return [step for step in VerificationStep if may_take(step, side=side, last=last)]
