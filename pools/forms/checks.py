"""Checks that the browser makes too: generated from the fields that the server judges by.

The page's script holds no bound and no sentence of its own, so that the two cannot say
different things of one value.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator

from pools.core.bounds import NumberBounds, TextBounds

# Longer ones are beyond every bound, and Python refuses to read very long ones at all.
_MOST_DIGITS: Final = 40
# ASCII digits alone: int() also takes 1_000 and digits of other scripts, and Django 1.0.
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]+")
_SIGNED_NUMBER: Final = re.compile(r"[-+]?[0-9]+")
# What is no part of a text at its ends: what either Python's strip() or JavaScript's trim()
# takes for a blank. `blanks` in static/js/panel.js has the same.
BLANKS: Final = (
    "".join(
        map(chr, [*range(0x9, 0xE), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)])
    )
    + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_TOO_LONG: Final = "At most %(limit_value)s characters; this has %(show_value)s."


class CheckedBoundField(forms.BoundField):
    """A field whose checks stand beside its control, as `data-checks`.

    JSON: a list of [kind, bound, sentence], in the order in which they are made. Kinds are
    required, unit, digits, least, largest and longest; a bound is text, since 64 bits are more
    than a script's number holds. {count} in a sentence is the number of characters.
    `data-untouched` is what the control sends back where it is left alone: nothing judges it.
    """

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        shown = widget or self.field.widget
        if not shown.is_hidden and isinstance(shown, forms.TextInput | forms.Textarea):
            attrs["data-checks"] = json.dumps(_checks_of(self.field), ensure_ascii=False)
            if isinstance(self.field, KeptField) and self.field.untouched is not None:
                attrs["data-untouched"] = self.field.untouched
        return attrs


class CheckedForm(forms.Form):
    """A form that the browser checks as the server does."""

    bound_field_class = CheckedBoundField


class KeptField(forms.Field):
    """A field that shows a value of the pool's, and keeps it exactly where it is left alone.

    What an untouched control sends back is nothing that anybody asked for: a text input drops
    line breaks, a field strips spaces, and somebody else's value may be out of bounds.
    """

    untouched: str | None = None
    _kept: Any = None

    def keep(self, value: Any) -> None:
        """The value that the control shows: left alone it stays, whatever the checks say."""
        self.untouched, self._kept = control_text(value), value

    def clean(self, value: Any) -> Any:
        # Not every browser drops the line breaks; none lets a person type one.
        if self.untouched is not None and control_text(value) == self.untouched:
            return self._kept
        return super().clean(value)


def control_text(value: Any) -> str:
    """What a text input that shows a value sends back when nobody touched it."""
    return "" if value is None else re.sub(r"[\r\n]", "", str(value))


class WholeNumberField(KeptField, forms.IntegerField):
    """A whole number typed as text: a number input drops what it cannot read.

    `unit` is what people write behind it, and says no more than the field's own name does. Of one
    that may be negative, a plus says as much as a minus.
    """

    widget = forms.TextInput
    default_error_messages = {
        "invalid": "Enter a whole number, using the digits 0 to 9 only.",
        "min_value": "At least %(limit_value)s.",
        "max_value": "At most %(limit_value)s.",
    }

    def __init__(self, *, bounds: NumberBounds, unit: str = "", **kwargs: Any) -> None:
        self.unit, self.signed = unit, bounds.least < 0
        super().__init__(
            min_value=bounds.least,
            max_value=bounds.largest,
            required=not bounds.nullable,
            **kwargs,
        )

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip(BLANKS)
        if not text:
            return None
        if self.unit and text.endswith(self.unit):
            text = text.removesuffix(self.unit).rstrip(BLANKS)
        if not (_SIGNED_NUMBER if self.signed else _WHOLE_NUMBER).fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        digits = text.lstrip("-+0") or "0"
        return int(text if len(digits) <= _MOST_DIGITS else text[:1] + "9" * _MOST_DIGITS)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # The keys for digits have no minus on every phone.
        return {"inputmode": "text" if self.signed else "numeric", "autocomplete": "off"}


class BoundedTextField(KeptField, forms.CharField):
    """A text that may be too long: its control cuts nothing off, a sentence says so."""

    default_error_messages = {"max_length": _TOO_LONG}

    def __init__(
        self, *, bounds: TextBounds, validators: Iterable[Callable[[str], None]] = (), **kwargs: Any
    ) -> None:
        super().__init__(validators=[MaxLengthValidator(bounds.longest), *validators], **kwargs)

    def to_python(self, value: Any) -> str:
        # A browser sends each line break of a textarea as two characters.
        return (super().to_python(value) or "").strip(BLANKS).replace("\r\n", "\n")


def uncut(field: forms.Field) -> None:
    """Has a field that others made say that a text is too long, as a BoundedTextField does."""
    field.widget.attrs.pop("maxlength", None)
    field.error_messages["max_length"] = _TOO_LONG


def _checks_of(field: forms.Field) -> list[tuple[str, str, str]]:
    says = field.error_messages
    checks = [("required", "", str(says["required"]))] if field.required else []
    if isinstance(field, WholeNumberField):
        checks += [("unit", field.unit, "")] if field.unit else []
        checks.append(("digits", "+" * field.signed, str(says["invalid"])))
    for validator in field.validators:
        if isinstance(validator, MinValueValidator):
            checks.append(_check("least", validator.limit_value, str(says["min_value"])))
        elif isinstance(validator, MaxValueValidator):
            checks.append(_check("largest", validator.limit_value, str(says["max_value"])))
        elif isinstance(validator, MaxLengthValidator) and isinstance(field, BoundedTextField):
            checks.append(_check("longest", validator.limit_value, str(says["max_length"])))
    return checks


def _check(kind: str, bound: Any, sentence: str) -> tuple[str, str, str]:
    text = sentence % {"limit_value": bound, "show_value": "{count}"}
    return kind, str(bound), text
