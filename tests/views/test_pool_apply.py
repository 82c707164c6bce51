"""A file that is edited and sent back: what it becomes, and what keeps it from being anything."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pools.changes.exporting import BYTE_ORDER_MARK, csv_text
from pools.models import Batch, BatchItem, Company, Entry
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, give_token, make_company, person_of, streamed, told

APPLY, EXPORT = "/c/acme/pools/apply/", "/c/acme/pools/export/"


def apply(client: Client, content: bytes | str, **more: str) -> Any:
    """Sends a file (bytes) or what is pasted (text)."""
    if isinstance(content, str):
        return client.post(APPLY, {"text": content, **more})
    return client.post(APPLY, {"file": SimpleUploadedFile("pools.csv", content), **more})


def items(answer: Any) -> list[tuple[int | None, str, Any, int | None, str]]:
    """Of the batch that it led to: pool, action, what is wanted, line, why it is left out."""
    assert answer.status_code == 302, told(answer)
    batch = Batch.objects.get()
    assert answer["Location"] == f"/c/acme/batches/{batch.pk}/"
    return [
        (each.pool_id, each.action, json.loads(each.wanted), each.line, each.left_out)
        for each in BatchItem.objects.filter(batch=batch)
    ]


def mistakes(answer: Any) -> list[str]:
    assert answer.status_code == 422
    assert Batch.objects.count() == 0
    assert "Nothing was sent." in told(answer)
    # Without what keeps a name from turning the sentence around it.
    said = [f"{each.where}: {each.sentence}" for each in answer.context["said"]]
    return [re.sub("[\u2068\u2069]", "", each) for each in said]


def exported(client: Client, **chosen: str) -> list[dict[str, str]]:
    text = streamed(client.post(EXPORT, {"format": "csv", **chosen}))
    lines = list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))
    return [dict(zip(lines[0], row, strict=True)) for row in lines[1:-1]]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    return (BYTE_ORDER_MARK + csv_text([list(rows[0]), *(row.values() for row in rows)])).encode()


def test_an_edited_export_changes_what_was_edited_alone(
    manager: Client, core: RunningSandbox
) -> None:
    acme = core.company("acme")
    acme.change_pool(4, name="=1+1", limit=0)
    rows = exported(manager)
    rows[0]["limit"] = "8"
    rows[2]["timeout"] = ""
    rows[6]["name"] = "Renamed"
    # A colleague did these meanwhile: nobody here asks for what was before.
    acme.change_pool(5, limit=77)
    acme.change_pool(2, limit=99)
    acme.change_pool(6, limit=3)
    rows[5]["limit"] = "4"
    core.reset()
    assert items(apply(manager, as_csv(rows), reason="ZD-1")) == [
        (1, "edit", {"limit": 8}, 2, ""),
        (3, "edit", {"timeout": None}, 4, ""),
        (6, "edit", {"limit": 4}, 7, "changed_since"),
        (7, "edit", {"name": "Renamed"}, 8, ""),
    ]
    # All pages, as that is fewer than a call for each.
    assert len(core.journal) == 3
    batch = Batch.objects.get()
    assert (batch.operation, batch.source, batch.reason) == ("apply", "file", "ZD-1")
    facts = json.loads(Entry.objects.get(action="batch_frozen").facts)
    assert facts["lines"] == 257
    assert len(facts["file"]) == 64


def test_the_same_file_twice_does_nothing_the_second_time(
    manager: Client, core: RunningSandbox
) -> None:
    rows = exported(manager)
    rows[0]["limit"] = "8"
    core.company("acme").change_pool(1, limit=8)
    assert items(apply(manager, as_csv(rows))) == [
        (1, "edit", {"limit": 8}, 2, "nothing_to_do"),
    ]


def test_an_export_that_nobody_edited_is_nothing_to_do(manager: Client) -> None:
    answer = apply(manager, as_csv(exported(manager)))
    assert answer.status_code == 422
    assert "Nothing to change. 257 lines read" in told(answer)


def test_a_file_of_ones_own_wants_all_that_it_says(manager: Client, core: RunningSandbox) -> None:
    pool = core.company("acme").pool(1)
    text = f"id;limit;timeout\n1;{pool.limit};9\n99999;5;\n"
    core.reset()
    assert items(apply(manager, text, ours="on")) == [
        (1, "edit", {"timeout": 9}, 2, ""),
        (99999, "edit", {"limit": 5, "timeout": None}, 3, "gone"),
    ]


def test_json_is_a_file_as_well(manager: Client, core: RunningSandbox) -> None:
    document = json.loads(streamed(manager.post(EXPORT, {"format": "json", "connectors": "1"})))
    document["pools"][3]["limit"] = 123
    answer = apply(manager, json.dumps(document, indent=1).encode())
    ((pool, _, wanted, _, _),) = items(answer)
    assert (pool, wanted) == (4, {"limit": 123})


def test_pools_are_copied_to_another_company(
    sign_in_as: SignIn, core: RunningSandbox, acme: Company
) -> None:
    client = sign_in_as("Manager")
    northwind = make_company(core, "northwind", "Northwind")
    give_token(person_of(client), northwind, core.keys["northwind"]["full"])
    core.company("acme").change_pool(2, name="Not as at Northwind")
    sent = {"format": "csv", "copy": "1"}
    text = streamed(client.post("/c/northwind/pools/export/", sent))
    refused = mistakes(apply(client, text.encode()))
    assert refused == [
        "Lines 2, 3, 4, “id”: There is no id. To make a new pool of it, tick that below."
    ]
    made = items(apply(client, text.encode(), create="on"))
    assert [(action, left_out) for _, action, _, _, left_out in made] == [("create", "")] * 3
    first = core.company("northwind").pools()[0]
    assert made[0][2] == {"name": first.name, "limit": first.limit, "timeout": first.timeout}


def test_what_was_made_already_is_nothing_to_do(manager: Client, core: RunningSandbox) -> None:
    pool = core.company("acme").add_pool("Brand new, with comma", 4, 60)
    text = 'name,limit,timeout\n"Brand new, with comma",4,60\nNewer,5,\n'
    assert items(apply(manager, text, create="on")) == [
        (pool.id, "edit", {"timeout": 60}, 2, "nothing_to_do"),
        (None, "create", {"name": "Newer", "limit": 5, "timeout": None}, 3, ""),
    ]


def test_a_name_that_is_set_is_unique(manager: Client, core: RunningSandbox) -> None:
    acme = core.company("acme")
    one, other = acme.add_pool("Same", 5), acme.add_pool("Twin", 5)
    twin = acme.add_pool("Twin", 6)
    text = (
        f"id,name,limit\n{one.id},Twin,5\n{other.id},Fresh,5\n{twin.id},Fresh,6\n,New,5\n,New ,5\n"
    )
    assert mistakes(apply(manager, text, create="on", ours="on")) == [
        (
            f"Line 2, “name”: Pool {other.id} has this name already. "
            "A name that is set has to be unique."
        ),
        "Line 3, “name”: Line 4 has the same name. A name that is set has to be unique.",
        "Line 4, “name”: Line 3 has the same name. A name that is set has to be unique.",
        "Line 5, “name”: Line 6 has the same name. A name that is set has to be unique.",
        "Line 6, “name”: Line 5 has the same name. A name that is set has to be unique.",
    ]
    assert mistakes(apply(manager, "name,limit\nSame,6\nTwin,5\n", create="on")) == [
        (
            f"Line 2, “name”: Pool {one.id} has this name, with other values. "
            "To change it, add its id."
        ),
        "Line 3, “name”: 2 pools have this name. Say which one is meant by its id.",
    ]


def test_values_are_judged_as_in_the_form_of_a_pool(manager: Client) -> None:
    text = (
        "id,name,limit,timeout\n"
        "1.000,a,5,\n"
        "1,,0,\n"
        f"2,{'x' * 256},1.000,60\n"
        f"3,b,１２,{10**20}\n"
        "4,c,5,soon\n"
        "4,c,5,\n"
    )
    assert mistakes(apply(manager, text, ours="on")) == [
        "Line 2, “id”: An id has digits only, as Patchworks gave it.",
        "Line 3, “name”: This field is required.",
        "Line 3, “limit”: At least 1.",
        "Line 4, “name”: At most 255 characters; this has 256.",
        "Lines 4, 5, “limit”: Enter a whole number, using the digits 0 to 9 only.",
        "Line 5, “timeout”: At most 2147483647.",
        "Line 6, “timeout”: Enter a whole number, using the digits 0 to 9 only.",
        "Line 7, “id”: Pool 4 is in line 6 already.",
    ]
    digits = f"id,limit\n0031,5\n{'7' * 23},5\n{2**63},5\n"
    assert mistakes(apply(manager, digits, ours="on")) == [
        "Line 2, “id”: An id has no zero in front: write it as Patchworks gave it.",
        f"Lines 3, 4, “id”: No id is larger than {2**63 - 1}: write it as Patchworks gave it.",
    ]
    # Whoever mistyped an id wants no new pool, which would need a name.
    assert mistakes(apply(manager, "id,limit\n1E+05,5\n", ours="on")) == [
        "Line 2, “id”: An id has digits only, as Patchworks gave it."
    ]


@pytest.mark.parametrize(
    ("head", "row", "says"),
    [
        ("company,id,limit", "northwind,1,5", "This is a pool of “northwind”"),
        ("company,origin,id,limit", "acme,2,1,5", "Acme has had another address since"),
        ("id,limit", "1,5", "The file doesn't say whose ids these are."),
    ],
)
def test_ids_of_another_company_are_not_taken_for_ours(
    manager: Client, core: RunningSandbox, head: str, row: str, says: str
) -> None:
    core.reset()
    (said,) = mistakes(apply(manager, f"{head}\n{row}\n"))
    assert says in said
    assert core.journal == []


def test_all_that_is_wrong_with_json_is_said_at_once_where_it_is(manager: Client) -> None:
    answer = apply(manager, '{"pools":[{"id":13,"limit":1e2,"name":"x"},{"id":13}]}')
    assert mistakes(answer) == [
        "Line 1, character 44: There is nothing to set: no column name, limit or timeout.",
        (
            "Lines 1 (character 11), 1 (character 44), “company”: The file doesn't say whose ids "
            "these are. If they are Acme's, tick that."
        ),
        "Line 1, character 11, “limit”: Enter a whole number, using the digits 0 to 9 only.",
        "Line 1, character 44, “id”: Pool 13 is in line 1 already, at character 11.",
    ]
    # Two new pools of one name, in one line.
    answer = apply(manager, '[{"name":"x","limit":1},{"name":"x","limit":2}]', create="on")
    assert ["Line 1 has the same name" in each for each in mistakes(answer)] == [True]
    assert not Batch.objects.exists()


def test_what_was_sent_can_be_mended_in_place(manager: Client) -> None:
    answer = apply(manager, b"\xef\xbb\xbfid,limit\n1,x\n", reason="ZD-9", ours="on")
    (said,) = mistakes(answer)
    assert "Enter a whole number" in said
    form = answer.context["form"]
    assert form["text"].value() == "id,limit\n1,x\n"
    assert form["reason"].value() == "ZD-9"
    assert items(apply(manager, form["text"].value().replace("x", "6"), ours="on"))


def test_too_many_are_refused_before_anything_is_frozen(manager: Client) -> None:
    lines = "".join(f"new {number},5\n" for number in range(501))
    answer = apply(manager, f"name,limit\n{lines}", create="on")
    assert answer.status_code == 422
    assert "The file would change 501 pools: at most 500 at once." in told(answer)


@pytest.mark.parametrize(("size", "status"), [(2**20, 422), (3_000_000, 422)])
def test_a_file_that_is_too_large_is_said_so(manager: Client, size: int, status: int) -> None:
    answer = apply(manager, b"id,limit\n" + b"1" * size)
    assert answer.status_code == status
    assert "It is too large: at most 1 MiB." in told(answer)


def test_who_may_not_make_pools_makes_none(sign_in_as: SignIn) -> None:
    operator = sign_in_as("Operator")
    assert "Make a new pool" not in told(operator.get(APPLY))
    (said,) = mistakes(apply(operator, "name,limit\nNew,5\n", create="on"))
    assert "There is no id." in said


@pytest.mark.parametrize("fault", ["status=500", "rate-limit=90", "status=401"])
def test_a_core_that_does_not_answer_freezes_nothing(
    manager: Client, core: RunningSandbox, fault: str
) -> None:
    core.set_fault(fault)
    answer = apply(manager, "id,limit\n1,5\n", ours="on", reason="kept")
    assert answer.status_code in {403, 429, 502}
    assert answer.context["form"]["reason"].value() == "kept"
    assert not Batch.objects.exists()


def test_in_a_large_company_only_what_is_meant_is_read(
    manager: Client, core: RunningSandbox
) -> None:
    core.reset()
    apply(manager, "id,name\n1,Fresh\n", ours="on")
    # The first page says how many there are; then the pool, and who has its new name.
    assert len(core.journal) == 3


def test_a_reason_is_asked_for_where_the_company_wants_one(manager: Client, acme: Company) -> None:
    Company.objects.update(reason_required_for=["edit"])
    answer = apply(manager, "id,limit\n1,5\n", ours="on")
    assert answer.status_code == 422
    assert answer.context["form"].errors["reason"]
