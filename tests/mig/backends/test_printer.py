# SPDX-License-Identifier: GPL-2.0-or-later
"""How generated text is laid out."""

from mig.backends.printer import Printer


def wrapped(text, width=40):
    out = Printer()
    with out.indented():
        out.wrapped(text, width)
    return out.text()


def test_a_long_line_is_broken_behind_commas_and_goes_on_indented():
    assert wrapped("function(one, two, three, four, five);") == (
        "\tfunction(one, two, three, four,\n\t\tfive);\n"
    )


def test_a_long_line_without_commas_is_broken_behind_operators():
    assert wrapped("a_long_name && another_name || a_third;") == (
        "\ta_long_name && another_name ||\n\t\ta_third;\n"
    )
    assert wrapped("a_long_name = convert_it_to_something(x);") == (
        "\ta_long_name =\n\t\tconvert_it_to_something(x);\n"
    )


def test_what_cannot_be_broken_stays():
    assert wrapped("a" * 50) == f"\t{'a' * 50}\n"


def test_lines_of_a_text_that_brings_them_are_broken_apart():
    assert wrapped("one ||\n\t\ttwo") == "\tone ||\n\t\ttwo\n"
