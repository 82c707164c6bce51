"""The systems that a company's pools were last seen to have connectors of."""

from pools.models import Company
from pools.models.catalogue import SeenSystem


def systems_seen(company: Company) -> dict[str, str]:
    """Each by its key, where the company is now; of several spellings one."""
    seen = SeenSystem.objects.filter(pool__company=company, pool__origin=company.origin)
    pairs = seen.order_by("key", "name").values_list("key", "name").distinct()
    return dict(pairs)
