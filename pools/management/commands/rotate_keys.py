"""Seals every stored token with the first of TOKEN_KEYS, so that older keys can be dropped."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pools import resealing
from pools.resealing import reseal_second_factors, reseal_tokens
from pools.vault import (
    second_factors_by_key,
    tokens_by_key,
    writing_key_id,
    wrong_token_keys,
)


class Command(BaseCommand):
    """Exit 0: everything has the first key. Exit 1: some do not open, and keep theirs."""

    help = (
        "Seals stored tokens with the first of TOKEN_KEYS. Put the new key first and keep "
        "the old one after it, restart the panel, run this, and drop the old key once this "
        "says so. It may be stopped at any time and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="remove tokens that do not open (their company's address was changed, say)",
        )

        parser.add_argument(
            "--forget-lost",
            action="store_true",
            help=(
                "first remove tokens and second factors sealed with a key that is not in "
                "TOKEN_KEYS: for when it is gone for good"
            ),
        )

    def handle(self, *, forget_unreadable: bool, forget_lost: bool, **options: Any) -> None:
        if forget_lost:
            lost = resealing.forget_lost().unreadable
            self.stdout.write(f"Removed, for want of their key: {lost}.")
        if problems := wrong_token_keys():
            raise CommandError(" ".join(problems))
        resealed = unreadable = 0
        for batch in reseal_tokens(forget_unreadable=forget_unreadable):
            resealed += batch.resealed
            unreadable += batch.unreadable
            self.stdout.write(f"{resealed} tokens sealed anew …")
        ended = "removed" if forget_unreadable else "left as they are"
        self.stdout.write(f"Sealed anew: {resealed}. Did not open: {unreadable} ({ended}).")
        factors = reseal_second_factors()
        self.stdout.write(
            f"Second factors sealed anew: {factors.resealed}. Did not open: {factors.unreadable}."
        )
        self._say_what_can_be_dropped()
        if (unreadable and not forget_unreadable) or factors.unreadable:
            sys.exit(1)

    def _say_what_can_be_dropped(self) -> None:
        counts, factors = tokens_by_key(), second_factors_by_key()
        for key_id, _ in settings.TOKEN_KEYS:
            count, second = counts.get(key_id, 0), factors.get(key_id, 0)
            if key_id == writing_key_id():
                advice = "used for new tokens"
            elif count or second:
                advice = "still in use: do not drop it"
            else:
                advice = "not in use: it can be dropped from TOKEN_KEYS"
            also = f" and {second} second factors" if second else ""
            self.stdout.write(f"Key {key_id}: {count} tokens{also}, {advice}.")
