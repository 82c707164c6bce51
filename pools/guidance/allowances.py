"""Keeping allowances: how many requests at a time a company's account at a system allows."""

from pools.guidance.recording import recording
from pools.ledger.appending import Actor, record_event
from pools.ledger.canonical import storable
from pools.models import Allowance, Company
from pools.models.allowance import system_key


def allowances_of(company: Company) -> list[Allowance]:
    """In the order of the systems' names."""
    return list(Allowance.objects.filter(company=company))


def set_allowance(company: Company, system: str, number: int, *, by: Actor) -> bool:
    """Keeps what an account allows, in place of what was kept for that system.

    False where that was the same. `number` is within its bounds, `system` is what a
    form took. Raises LedgerUnwritable.
    """
    system = storable(system)
    with recording():
        kept = Allowance.objects.filter(company=company, key=system_key(system)).first()
        if kept and (kept.system, kept.number) == (system, number):
            return False
        before = kept and kept.number
        allowance = kept or Allowance(company=company)
        allowance.system, allowance.number = system, number
        allowance.save()
        record_event(
            "allowance_set",
            by,
            company=company.slug,
            facts={"system": system, "changed": {"allowance": [before, number]}},
        )
    return True


def remove_allowance(company: Company, system: str, *, by: Actor) -> bool:
    """Forgets what an account allows; False where nothing was kept. Raises LedgerUnwritable."""
    with recording():
        kept = Allowance.objects.filter(company=company, key=system_key(system)).first()
        if kept is None:
            return False
        kept.delete()
        record_event(
            "allowance_removed",
            by,
            company=company.slug,
            facts={"system": kept.system, "changed": {"allowance": [kept.number, None]}},
        )
    return True
