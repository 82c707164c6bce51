"""How many of something, as people say it: 1 pool, 2,000 pools."""


def counted(number: float, noun: str) -> str:
    """`noun` is one of them; several end in s."""
    return f"{number:,.15g} {noun}{'' if number == 1 else 's'}"
