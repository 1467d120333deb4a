"""Checks of the tests' scripts: they fail with what was seen."""


def check(condition, *what):
    if not condition:
        raise AssertionError(*what)


def equal(got, wanted, what):
    check(got == wanted, f"{what}: {got!r} instead of {wanted!r}")
