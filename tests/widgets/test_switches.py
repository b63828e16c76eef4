"""A legend that filters: one switch per value, counted; what is pressed is shown."""

from __future__ import annotations

import pytest

from graphinvestigate.widgets.switches import Switches

COUNTS = {"user": ("users", 12), "ip": ("IP addresses", 1234), "alert": ("alerts", 60)}


@pytest.fixture
def told() -> list[list[str]]:
    """What was to be off, each time that somebody asked."""
    return []


@pytest.fixture
def switches(told: list[list[str]]) -> Switches:
    """Switches of three values, all shown."""
    made = Switches("Kinds", told.append)
    made.show(COUNTS, ())
    return made


def test_each_value_is_a_switch_with_its_count(switches: Switches) -> None:
    """Word and count stand on the switch, in the order given; what is shown is pressed."""
    said = [switch.description for switch in switches.switches.values()]
    assert said == ["users 12", "IP addresses 1,234", "alerts 60"]
    assert all(switch.value for switch in switches.switches.values())
    assert list(switches.widget.children[3:]) == list(switches.switches.values())


def test_a_press_asks_for_the_value_to_go_and_a_second_for_its_return(
    switches: Switches, told: list[list[str]]
) -> None:
    """What is asked for is all that is off, in the order shown."""
    switches.switches["ip"].value = False
    switches.switches["user"].value = False
    switches.switches["ip"].value = True
    assert told == [["ip"], ["user", "ip"], ["user"]]


def test_all_and_none_press_them_together(switches: Switches, told: list[list[str]]) -> None:
    """None leaves a choice of a few to make, All takes it back; neither can be pressed where it changes nothing."""
    assert (switches.all.disabled, switches.none.disabled) == (True, False)
    switches.none.click()
    switches.show(COUNTS, told[-1])
    assert (switches.all.disabled, switches.none.disabled) == (False, True)
    switches.all.click()
    assert told == [["user", "ip", "alert"], []]


def test_what_is_shown_by_the_kernel_asks_for_nothing(switches: Switches, told: list[list[str]]) -> None:
    """Another state presses other switches, keeps those that there are (and the focus on them), and tells nobody."""
    before = dict(switches.switches)
    switches.show({**COUNTS, "host": ("hosts", 3)}, {"user"})
    assert told == []
    assert {value: switch.value for value, switch in switches.switches.items()} == {
        "user": False, "ip": True, "alert": True, "host": True,
    }  # fmt: skip
    assert all(switches.switches[value] is switch for value, switch in before.items())
    switches.show({"ip": ("IP addresses", 2)}, ())
    assert list(switches.switches) == ["ip"]
    assert switches.switches["ip"] is before["ip"]


def test_of_many_the_rare_ones_are_folded_away(switches: Switches, told: list[list[str]]) -> None:
    """Ten stand there, and any that is off, as it must be found again; one press unfolds the others, one folds them."""
    many = {f"r{at}": (f"relation {at}", 100 - at) for at in range(25)}
    shown = list(switches.widget.children)
    switches.show(many, {"r20"})

    def names() -> list[str]:
        return [value for value, switch in switches.switches.items() if switch in switches.widget.children]

    assert names() == [*(f"r{at}" for at in range(10)), "r20"]
    assert switches.more.description == "14 more …"
    switches.more.click()
    assert names() == list(many)
    switches.show(many, ())
    assert names() == list(many), "what was unfolded stays so"
    switches.more.click()
    assert names() == list(many)[:10]
    assert told == [], "folding filters nothing"
    switches.none.click()
    assert told == [list(many)], "None means those that are folded away, too"
    switches.show(COUNTS, ())
    assert list(switches.widget.children) == shown, "where there are few nothing is folded"


def test_words_from_records_cannot_turn_or_hide_the_line(switches: Switches) -> None:
    """A relation's name is raw text: control and bidi characters are made visible on the switch and in its hint."""
    switches.show({"x": ("a\u202eb\x00c", 1)}, ())
    (switch,) = switches.switches.values()
    for words in (switch.description, switch.tooltip):
        assert "\u202e" not in words
        assert "\x00" not in words
