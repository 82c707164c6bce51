"""An upgrade over the migrations that came last, with data in the database."""

import json
from pathlib import Path

from tests.fixtures.deployment import Deployment, empty_database

AN_EARLIER_VERSION = "0005_invitations"
FILL = "from tests.proof.procedures.filled import fill_earlier; print(fill_earlier(sys.argv[1]))"
UPGRADED = """
import json, sys
from pools.changes import lines
from pools.changes.filtering import Filters
from pools.models import Company, Entry
from tests.proof.procedures.filled import entries, token_opens
found = lines.page(Filters(words="stuck T-3"), 50)
company = Company.objects.get()
before = int(sys.argv[1])
added = list(Entry.objects.filter(seq__gt=before).order_by("seq").values_list("action", flat=True))
facts = [token_opens(), len(found.lines), company.reason_required_for]
print(json.dumps([entries(before), added, *facts]))
"""


def test_an_earlier_panel_is_brought_up_to_date_with_all_it_holds(
    migrated: Deployment, tmp_path: Path
) -> None:
    with empty_database(tmp_path) as url:
        panel = migrated.at(url)
        panel.manage("migrate", "pools", AN_EARLIER_VERSION, "--verbosity", "0")
        entries, head = json.loads(panel.python(FILL, AN_EARLIER_VERSION))
        assert f"Head: {head}" in panel.procedure("before-an-upgrade")
        panel.procedure("new-files")
        number = int(head.split()[0])
        # What a role includes has changed since: that is on the record, and nothing else.
        added = ["role_rights_changed"] * 2
        assert f"Head: {number + len(added)} " in panel.procedure("upgrade")
        assert json.loads(panel.python(UPGRADED, str(number))) == [entries, added, True, 1, []]
