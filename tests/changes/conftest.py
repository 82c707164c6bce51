"""Changes are tried on a company of a real Core."""

from tests.fixtures.place import committed_place as committed_place
from tests.fixtures.place import place as place
from tests.fixtures.place import sandbox as sandbox
from tests.fixtures.place import settled_place as settled_place
from tests.fixtures.place import shared_sandbox as shared_sandbox
