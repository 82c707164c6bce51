"""Events in words: a list is called what its page calls it."""

from pools.wording.events import facts_of, title_of


def test_a_batch_is_a_list_to_people() -> None:
    assert title_of("batch_frozen") == "List frozen"
    assert title_of("batch_taken_over") == "List taken over"
    assert title_of("token_confirmed") == "Token confirmed"


def test_what_a_list_does_and_where_it_came_from() -> None:
    facts = facts_of({"operation": "limit", "how": {"to": 5}, "list": "command", "query": ""})
    assert facts == [("does", "limit"), ("how", "to 5"), ("made", "by command")]
