# SPDX-License-Identifier: GPL-2.0-or-later
"""The parser accepts the texts of the language, and no others: it beside the grammar in PLY."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mig.frontend.diagnostics import Diagnostics, SourceMap
from mig.frontend.grammar import parse
from tests.mig.frontend.reference_grammar import belongs, sentences


def accepts(text: str) -> bool:
    source = SourceMap(text, "t.defs")
    diagnostics = Diagnostics(source)
    parse(source, diagnostics)
    return not diagnostics.found


@given(sentences())
def test_a_text_of_the_language_is_accepted(words: list[str]) -> None:
    text = " ".join(words)
    assert belongs(text)
    assert accepts(text)


@settings(max_examples=300)
@given(sentences(), st.data())
def test_a_text_with_a_word_amiss_is_accepted_where_it_still_is_one_of_the_language(
    words: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(words)))
    other = data.draw(sentences())
    replacement = data.draw(st.sampled_from([[], *([word] for word in other), words[at : at + 2]]))
    spoiled = " ".join([*words[:at], *replacement, *words[at + 1 :]])
    assert accepts(spoiled) == belongs(spoiled)


def test_the_two_grammars_tell_statements_apart() -> None:
    for text in ("skip;", "waittime 1.5;", "type t = ^ array[] of int;", ";;"):
        assert belongs(text)
    for text in ("skip", "waittime;", "type t = array of int;", "routine r(a: );", "%"):
        assert not belongs(text)
        assert not accepts(text)
