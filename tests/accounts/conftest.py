"""The people of tests/people."""

from tests.people.conftest import acme as acme
from tests.people.conftest import admin as admin
from tests.people.conftest import administrator as administrator
from tests.people.conftest import core as core
from tests.people.conftest import operator as operator
