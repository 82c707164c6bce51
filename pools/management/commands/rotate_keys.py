"""Encrypts what is stored with the first of TOKEN_KEYS, so that older keys can be removed."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pools.tokens.vault import (
    second_factors_by_key,
    tokens_by_key,
    writing_key_id,
    wrong_token_keys,
)
from pools.upkeep import resealing
from pools.upkeep.resealing import reseal_second_factors, reseal_tokens
from pools.wording.numbers import counted


class Command(BaseCommand):
    """Exit 0: everything has the first key. Exit 1: some are unreadable, and keep theirs."""

    help = (
        "Encrypts stored tokens and second factors again, with the first of TOKEN_KEYS. Put the "
        "new key first and keep the old one after it, restart the panel and run this. Remove the "
        "old key once this says that it is not in use. You can stop this at any time and run it "
        "again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="remove unreadable tokens, for example after a company's address was changed",
        )

        parser.add_argument(
            "--forget-lost",
            action="store_true",
            help=(
                "first remove tokens and second factors that were encrypted with a key that is "
                "no longer in TOKEN_KEYS: only when that key is lost for good"
            ),
        )

    def handle(self, *, forget_unreadable: bool, forget_lost: bool, **options: Any) -> None:
        if forget_lost:
            lost = resealing.forget_lost().unreadable
            self.stdout.write(f"Removed because their key is gone: {lost}.")
        if problems := wrong_token_keys():
            raise CommandError(" ".join(problems))
        resealed = unreadable = 0
        for batch in reseal_tokens(forget_unreadable=forget_unreadable):
            resealed += batch.resealed
            unreadable += batch.unreadable
            self.stdout.write(f"Encrypted {counted(resealed, 'token')} again so far…")
        ended = "removed" if forget_unreadable else "left as they are"
        self.stdout.write(
            f"Tokens encrypted again: {resealed}. Unreadable: {unreadable} ({ended})."
        )
        factors = reseal_second_factors()
        self.stdout.write(
            f"Second factors encrypted again: {factors.resealed}. Unreadable: {factors.unreadable}."
        )
        self._say_what_can_be_removed()
        if (unreadable and not forget_unreadable) or factors.unreadable:
            sys.exit(1)

    def _say_what_can_be_removed(self) -> None:
        counts, factors = tokens_by_key(), second_factors_by_key()
        for key_id, _ in settings.TOKEN_KEYS:
            count, second = counts.get(key_id, 0), factors.get(key_id, 0)
            if key_id == writing_key_id():
                advice = "used for new tokens"
            elif count or second:
                advice = "still in use: keep it"
            else:
                advice = "not in use: you can remove it from TOKEN_KEYS"
            also = f" and {counted(second, 'second factor')}" if second else ""
            self.stdout.write(f"Key {key_id}: {counted(count, 'token')}{also}, {advice}.")
