"""The page's side of a moving picture: a fake kernel answers, and time passes when a test says so."""

import pytest

from tests.browser.fake_model import (
    answer,
    control,
    explorable,
    live,
    pass_time,
    press,
    readouts,
    said,
    sent,
    settle,
    show,
)

REST = 200  # more than the 150 ms after which the page asks ahead
NO_ANSWER = "No answer yet: the kernel is busy with another cell."
NO_KERNEL = "The kernel was restarted: run this cell again to move the picture."


@pytest.fixture
def page(browser):
    """A page that must not fail."""
    problems = []
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    page.close()
    assert problems == []


def slider(page, label):
    return page.get_by_role("slider", name=label)


def put(page, label, step):
    """Moves a slider as a hand does that holds it: the page hears of it at once."""
    slider(page, label).evaluate(
        "(input, step) => { input.value = step; input.dispatchEvent(new Event('input', {bubbles: true})); }",
        step,
    )


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def value(page, label):
    return slider(page, label).get_attribute("aria-valuetext")


def tell(page, **message):
    page.evaluate("(message) => fake.tell(message)", message)
    pass_time(page, 20)


def pixels(page, view=0):
    return page.locator("canvas.course-picture").nth(view).evaluate("(canvas) => canvas.toDataURL()")


def rest(page, rounds):
    """The reader rests while the kernel answers so many questions."""
    pass_time(page, REST)
    for _ in range(rounds):
        answer(page)


def near(page):
    """The picture is on the screen, and its neighbours one step along both sliders are kept."""
    show(page, explorable(controls=explorable()["controls"][:2]), rho=10, sigma=4)
    rest(page, 4)


def test_a_picture_says_what_it_shows_and_its_exact_numbers(page):
    show(page, explorable(), rho=14, sigma=4)
    assert (
        page.get_by_role("img", name="A bell that the correlation moves.").evaluate("(one) => one.tagName")
        == "CANVAS"
    )
    numbers = {
        "rho": "0.4",
        "sigma": "0.5",
        "family": "normal",
        "data": "two moons",
        "exact": "off",
        "shift": "0",
    }
    assert readouts(page) == numbers
    assert page.get_by_role("group", name="exact values").count() == 1
    colors = page.locator("canvas").evaluate(
        "(canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    )
    assert colors > 10  # something is painted


@pytest.mark.parametrize(
    ("key", "step"),
    [("ArrowRight", 11), ("ArrowUp", 11), ("ArrowLeft", 9), ("ArrowDown", 9), ("PageUp", 12), ("PageDown", 8),
     ("Home", 0), ("End", 20)],
)  # fmt: skip
def test_each_key_of_a_slider_moves_it_and_says_the_value(page, key, step):
    show(page, explorable(), rho=10)
    slider(page, "correlation").press(key)
    text = explorable()["controls"][0]["texts"][step]
    # The control is ahead of the picture, which is still to come.
    assert value(page, "correlation") == text
    assert page.locator("output").first.inner_text() == text
    assert said(page, "move") == [{"rho": step}]
    assert readouts(page)["rho"] == "0.0"
    answer(page)
    assert readouts(page)["rho"] == text and value(page, "correlation") == text


def test_jupyterlab_leaves_the_keys_of_a_control_and_keeps_its_own(page):
    show(page, explorable(), rho=10)
    # It listens at the document, before the control does, and asks the element that has the focus.
    page.evaluate(
        """() => {
            window.left = [];
            document.addEventListener('keydown', ({key, target}) => {
                if (target.hasAttribute('data-lm-suppress-shortcuts')) left.push(key);
            }, true);
        }"""
    )
    for key in ("ArrowRight", "Control+s", "Home", "Shift+Enter"):
        slider(page, "correlation").press(key)
    button(page, "Reset").press("Enter")
    page.locator("canvas").press("l")
    assert page.evaluate("left.filter((key) => key.length > 1 && !['Control', 'Shift'].includes(key))") == [
        "ArrowRight", "Home", "Enter",
    ]  # fmt: skip
    assert page.evaluate("left.filter((key) => key.length === 1)") == ["l"]


def test_keys_stop_at_the_ends(page):
    show(page, explorable(), rho=20)
    for key in ("ArrowRight", "PageUp", "End"):
        slider(page, "correlation").press(key)
    assert value(page, "correlation") == "1.0" and said(page, "move") == []


def test_a_message_names_only_the_controls_that_moved_and_the_frame_that_the_page_has(page):
    show(page, explorable(), rho=10)
    put(page, "correlation", 13)
    put(page, "spread of the prior", 7)
    answer(page)
    answer(page)
    messages = sent(page, "move")
    assert [message["values"] for message in messages] == [{"rho": 13}, {"sigma": 7}]
    assert [message["have"] for message in messages] == [1, 2]
    assert messages[0]["ask"] != messages[1]["ask"]
    assert readouts(page)["rho"] == "0.3" and readouts(page)["sigma"] == "0.8"


def test_a_slow_kernel_gets_the_first_and_the_last_of_many_moves(page):
    show(page, explorable(), rho=0)
    for step in range(1, 21):
        put(page, "correlation", step)
        pass_time(page, 5)
        assert value(page, "correlation") == explorable()["controls"][0]["texts"][step]
    assert said(page, "move") == [{"rho": 1}]
    answer(page)
    assert readouts(page)["rho"] == "−0.9"  # where the hand was, on its way
    assert said(page, "move") == [{"rho": 1}, {"rho": 20}]
    answer(page)
    assert readouts(page)["rho"] == "1.0" and value(page, "correlation") == "1.0"
    answer(page)
    assert len(sent(page, "move")) == 2


def test_neighbours_are_asked_for_at_rest_nearest_first_and_the_control_moved_last_first(page):
    show(page, explorable(controls=explorable()["controls"][:2]), rho=10, sigma=4)
    put(page, "spread of the prior", 5)
    answer(page)
    assert sent(page, "ahead") == []
    pass_time(page, REST)
    assert said(page, "ahead") == [{"sigma": 6}]  # one at a time
    pass_time(page, 1000)
    assert len(sent(page, "ahead")) == 1
    for _ in range(7):
        answer(page)
    # The start (sigma 4, rho 10) is kept already.
    expected = [
        {"sigma": 6},
        {"rho": 11},
        {"rho": 9},
        {"sigma": 7},
        {"sigma": 3},
        {"rho": 12},
        {"rho": 8},
        {"sigma": 8},
    ]
    assert said(page, "ahead") == expected
    assert all(message["have"] == 2 for message in sent(page, "ahead"))


def test_all_steps_along_each_control_are_asked_for_once(page):
    show(page, explorable(controls=explorable()["controls"][:3]), rho=10, sigma=4)
    rest(page, 60)
    asked = [next(iter(one.items())) for one in said(page, "ahead")]
    assert len(asked) == len(set(asked)) == 20 + 10 + 2
    assert readouts(page)["rho"] == "0.0"  # and none of them is shown


def test_a_kept_frame_is_painted_without_a_question(page):
    near(page)
    before = pixels(page)
    count = len(sent(page))
    slider(page, "correlation").press("ArrowRight")
    pass_time(page, 17)  # one animation frame
    assert readouts(page)["rho"] == "0.1" and pixels(page) != before
    messages = sent(page)[count:]
    assert [message["do"] for message in messages] == ["shown"]
    number = messages[0]["number"]
    assert page.evaluate("(number) => fake.frames.get(number).values.rho[1]", number) == "0.1"
    # The next message builds on the frame that is shown.
    put(page, "correlation", 17)
    assert sent(page, "move")[-1]["have"] == number and said(page, "move")[-1] == {"rho": 17}


def test_an_answer_that_a_kept_frame_has_overtaken_is_kept_but_not_shown(page):
    near(page)
    put(page, "correlation", 15)
    put(page, "correlation", 11)
    assert [message["do"] for message in sent(page)[-2:]] == ["move", "shown"]
    pass_time(page, 20)
    assert readouts(page)["rho"] == "0.1"
    answer(page)
    assert readouts(page)["rho"] == "0.1" and value(page, "correlation") == "0.1"
    put(page, "correlation", 15)
    pass_time(page, 20)
    assert readouts(page)["rho"] == "0.5" and len(sent(page, "move")) == 1


def test_a_question_ahead_does_not_hold_up_a_move(page):
    show(page, explorable(), rho=10)
    pass_time(page, REST)
    assert len(sent(page, "ahead")) == 1
    put(page, "correlation", 3)
    assert said(page, "move") == [{"rho": 3}]
    answer(page)
    assert readouts(page)["rho"] == "−0.7"


def test_nothing_is_asked_ahead_while_an_answer_is_due_or_the_picture_is_out_of_sight(page):
    show(page, explorable(), rho=10)
    put(page, "correlation", 3)
    pass_time(page, 1000)
    assert sent(page, "ahead") == []
    page.evaluate("() => { document.body.style.paddingTop = '5000px'; }")
    settle(page)
    answer(page)
    pass_time(page, 1000)
    assert sent(page, "ahead") == []
    page.evaluate("() => { document.body.style.paddingTop = '0'; }")
    settle(page)
    pass_time(page, REST)
    assert len(sent(page, "ahead")) == 1


def test_a_neighbour_that_was_refused_is_not_asked_for_again_and_one_put_off_is(page):
    show(page, explorable(controls=explorable()["controls"][:1]), rho=10)
    page.evaluate("() => { fake.refuse = (values) => (values.rho[0] === 11 ? {again: false} : null); }")
    rest(page, 40)
    assert said(page, "ahead").count({"rho": 11}) == 1 and len(sent(page, "ahead")) == 20
    put(page, "correlation", 11)
    answer(page)  # a hand that goes there is heard
    assert readouts(page)["rho"] == "0.1"

    show(page, explorable(controls=explorable()["controls"][:1]), rho=10)
    page.evaluate("() => { fake.refuse = () => ({again: true}); }")
    rest(page, 3)
    assert said(page, "ahead") == [{"rho": 11}]
    pass_time(page, 2000)
    assert said(page, "ahead") == [{"rho": 11}, {"rho": 11}]


def test_a_kernel_that_draws_nothing_ahead_is_left_alone_until_the_hand_moves(page):
    show(page, explorable(), rho=10)
    page.evaluate("() => { fake.refuse = () => ({again: false}); }")
    rest(page, 20)
    assert len(sent(page, "ahead")) == 4
    put(page, "correlation", 3)
    answer(page)
    rest(page, 20)
    assert len(sent(page, "ahead")) == 8


def test_a_failed_neighbour_is_not_kept(page):
    show(page, explorable(controls=explorable()["controls"][:1]), rho=10)
    card = '<div role="alert" class="course-card-alert">It failed</div>'
    page.evaluate("(card) => { fake.failing = (values) => (values.rho[0] === 11 ? card : ''); }", card)
    rest(page, 40)
    assert len(sent(page, "ahead")) == 20 and page.get_by_role("alert").count() == 0
    slider(page, "correlation").press("ArrowRight")
    assert said(page, "move") == [{"rho": 11}]
    answer(page)
    assert page.get_by_role("alert").inner_text() == "It failed"
    slider(page, "correlation").press("ArrowRight")  # kept
    pass_time(page, 20)
    assert page.get_by_role("alert").count() == 0 and len(sent(page, "move")) == 1


def test_what_is_kept_has_a_bound_and_the_nearest_stay(page):
    # Each frame brings 1.6 MB of its own: ten of them fit, the last of which is as far away as the first that does not.
    show(page, explorable(controls=explorable()["controls"][:1], ballast=1_600_000), rho=10)
    rest(page, 40)
    asked = len(sent(page, "ahead"))
    assert asked == 10  # the last one did not fit
    for step in (11, 9, 12, 8):
        put(page, "correlation", step)
        pass_time(page, 20)
    assert sent(page, "move") == []
    # Far away the old ones make room, and what is near is kept again.
    put(page, "correlation", 20)
    answer(page)
    rest(page, 12)
    assert {"rho": 19} in said(page, "ahead")[asked:]
    put(page, "correlation", 19)
    assert said(page, "move") == [{"rho": 20}]


def test_drop_forgets_every_kept_frame(page):
    near(page)
    tell(page, tell="drop")
    slider(page, "correlation").press("ArrowRight")
    assert said(page, "move") == [{"rho": 11}]


def test_a_page_says_once_that_it_listens_and_takes_what_it_missed(page):
    show(page, explorable(), rho=10)
    assert sent(page, "hello") == [{"do": "hello", "number": 1}]
    tell(page, tell="state", card='<div role="alert">It failed</div>')
    page.evaluate("() => { fake.mute = true; fake.shift = 3; fake.set({rho: [12, '0.2']}); }")
    pass_time(page, 20)
    assert readouts(page)["rho"] == "0.2" and value(page, "correlation") == "0.2"
    assert page.get_by_role("alert").count() == 1  # such a frame says nothing of the card


def test_a_message_that_builds_on_a_frame_the_page_has_not_is_asked_for_in_full(page):
    show(page, explorable(), rho=10)
    put(page, "correlation", 12)
    page.evaluate(
        """() => {
            const [{ask}] = fake.waiting.splice(0);
            fake.values.rho = [12, '0.2'];
            const {values} = fake;
            fake.tell({tell: 'frame', number: 77, ask, ahead: false, values, places: [0, 1], base: 50, card: ''});
        }"""
    )
    assert sent(page)[-1] == {"do": "full"}
    answer(page)
    assert readouts(page)["rho"] == "0.2"
    put(page, "correlation", 5)  # and the move counts as answered
    assert said(page, "move")[-1] == {"rho": 5}


def test_a_program_moves_controls_to_values_between_the_steps(page):
    show(page, explorable(), rho=10)
    page.evaluate("() => fake.set({rho: [13, '0.333'], exact: [1, 'on']})")
    pass_time(page, 20)
    assert value(page, "correlation") == "0.333" and slider(page, "correlation").input_value() == "13"
    assert page.get_by_role("checkbox").is_checked()
    assert readouts(page)["rho"] == "0.333"
    put(page, "correlation", 13)  # the step itself is another value
    assert said(page, "move") == [{"rho": 13}] and value(page, "correlation") == "0.3"


def test_a_program_does_not_take_a_control_out_of_a_hand(page):
    show(page, explorable(), rho=10)
    put(page, "correlation", 12)
    put(page, "correlation", 15)
    page.evaluate("() => fake.set({rho: [2, '−0.8'], sigma: [9, '1']})")
    assert value(page, "correlation") == "0.5" and value(page, "spread of the prior") == "1"
    answer(page)
    answer(page)
    assert readouts(page)["rho"] == "0.5" and readouts(page)["sigma"] == "1"


def test_an_unanswered_move_shows_that_it_is_at_work_and_later_says_why(page):
    show(page, explorable(), rho=10)
    stage, note = page.locator(".course-stage"), page.locator(".course-note")
    before = pixels(page)
    put(page, "correlation", 12)
    pass_time(page, 200)
    assert stage.get_attribute("aria-busy") == "false" and not page.locator(".course-work").is_visible()
    pass_time(page, 200)
    assert stage.get_attribute("aria-busy") == "true" and page.locator(".course-work").is_visible()
    assert pixels(page) == before and note.inner_text() == ""
    pass_time(page, 6000)
    assert note.inner_text() == NO_ANSWER and note.get_attribute("role") == "status"
    answer(page)
    assert stage.get_attribute("aria-busy") == "false" and note.inner_text() == ""
    pass_time(page, 10_000)
    assert stage.get_attribute("aria-busy") == "false" and note.inner_text() == ""


def test_back_at_a_picture_that_is_there_nothing_is_waited_for(page):
    show(page, explorable(), rho=10)
    put(page, "correlation", 12)
    pass_time(page, 400)
    put(page, "correlation", 10)
    pass_time(page, 10_000)
    assert page.locator(".course-stage").get_attribute("aria-busy") == "false"
    assert page.locator(".course-note").inner_text() == ""
    put(page, "correlation", 14)  # the first move still holds up the next
    pass_time(page, 400)
    assert page.locator(".course-stage").get_attribute("aria-busy") == "true"


def test_motion_stands_still_for_those_who_ask_for_it(page):
    page.emulate_media(reduced_motion="reduce")
    show(page, explorable(), rho=10)
    put(page, "correlation", 12)
    pass_time(page, 400)
    name = "(one) => getComputedStyle(one, '::before').animationName"
    assert page.locator(".course-work").is_visible() and page.locator(".course-work").evaluate(name) == "none"


@pytest.mark.parametrize("way", ["told", "found"])
def test_without_its_kernel_a_picture_says_so_and_its_controls_stand_still(page, way):
    show(page, explorable(), rho=10)
    if way == "told":
        page.evaluate("() => fake.connect(false)")
        pass_time(page, 20)
    else:
        page.evaluate("() => { fake.isDead = true; }")
        put(page, "correlation", 12)
    assert page.locator(".course-note").inner_text() == NO_KERNEL
    assert slider(page, "correlation").is_disabled() and button(page, "independent").is_disabled()
    count = len(sent(page))
    pass_time(page, 10_000)
    assert len(sent(page)) == count and page.locator(".course-note").inner_text() == NO_KERNEL
    assert readouts(page)["rho"] == "0.0"  # the picture stays


def test_a_connection_that_comes_back_moves_the_picture_again(page):
    show(page, explorable(), rho=10)
    page.evaluate("() => fake.connect(false)")
    pass_time(page, 20)
    assert page.locator(".course-note").inner_text() == NO_KERNEL
    page.evaluate("() => fake.connect(true)")
    pass_time(page, 20)
    assert page.locator(".course-note").inner_text() == "" and slider(page, "correlation").is_enabled()
    put(page, "correlation", 12)
    answer(page)
    assert readouts(page)["rho"] == "0.2"


def test_a_slider_runs_to_its_end_and_starts_over(page):
    show(page, explorable(), sigma=7)
    run = page.get_by_role("button", name="Run through spread of the prior")
    assert run.get_attribute("aria-pressed") == "false"
    run.click()
    assert run.get_attribute("aria-pressed") == "true" and sent(page, "move") == []
    pass_time(page, 130)
    assert said(page, "move") == [{"sigma": 8}]
    pass_time(page, 1000)
    assert said(page, "move") == [{"sigma": 8}]  # waits for the frame
    for _ in range(8):
        answer(page)
        pass_time(page, 130)
    assert said(page, "move") == [{"sigma": 8}, {"sigma": 9}, {"sigma": 10}]
    assert run.get_attribute("aria-pressed") == "false" and readouts(page)["sigma"] == "1.1"
    run.click()
    assert said(page, "move")[-1] == {"sigma": 0}
    run.click()
    assert run.get_attribute("aria-pressed") == "false"
    answer(page)
    pass_time(page, 1000)
    assert said(page, "move")[-1] == {"sigma": 0}


def test_few_options_are_a_radio_group(page):
    show(page, explorable())
    group = page.get_by_role("radiogroup", name="family")
    assert group.get_by_role("radio").count() == 3 and group.get_by_role("radio", name="normal").is_checked()
    group.get_by_role("radio", name="Student").check()
    assert said(page, "move") == [{"family": 2}]
    answer(page)
    group.get_by_role("radio", name="Student").press("ArrowLeft")
    assert said(page, "move")[-1] == {"family": 1} and group.get_by_role("radio", name="Laplace").is_checked()
    answer(page)
    assert readouts(page)["family"] == "Laplace"


def test_many_options_are_a_menu_and_a_toggle_is_a_checkbox(page):
    show(page, explorable())
    page.get_by_role("combobox", name="data set").select_option(label="a spiral")
    answer(page)
    page.get_by_role("checkbox", name="show the exact answer").click()
    answer(page)
    assert said(page, "move") == [{"data": 2}, {"exact": 1}]
    assert readouts(page)["data"] == "a spiral" and readouts(page)["exact"] == "on"


def test_presets_and_reset_are_pressed_by_name_and_the_kernel_says_where_they_lead(page):
    show(page, explorable(), rho=4)
    button(page, "strongly coupled").click()
    assert sent(page, "press") == [{"do": "press", "name": "preset:strongly coupled"}]
    answer(page)
    assert value(page, "correlation") == "0.9" and readouts(page)["sigma"] == "0.3"
    button(page, "Reset").click()
    assert sent(page, "press")[-1] == {"do": "press", "name": "initial"}
    assert button(page, "Reset").get_attribute("title") == "Every control back to where it started"


def test_a_preset_takes_over_what_a_hand_has_not_got_through(page):
    show(page, explorable(), rho=4)
    put(page, "correlation", 5)
    put(page, "correlation", 6)
    button(page, "far away").click()
    answer(page)
    answer(page)
    assert value(page, "correlation") == "−1.0" and readouts(page)["rho"] == "−1.0"
    assert said(page, "move") == [{"rho": 5}]


def test_several_views_of_a_model_stay_in_step_and_share_what_is_kept(page):
    show(page, explorable(controls=explorable()["controls"][:2]), places=2, rho=10, sigma=4)
    assert len(sent(page, "hello")) == 1
    sliders = page.get_by_role("slider", name="correlation")
    rest(page, 4)
    assert len({str(one) for one in said(page, "ahead")}) == len(sent(page, "ahead"))
    sliders.nth(1).press("ArrowRight")
    pass_time(page, 20)
    assert [sliders.nth(view).get_attribute("aria-valuetext") for view in (0, 1)] == ["0.1", "0.1"]
    assert readouts(page, 0) == readouts(page, 1) and readouts(page)["rho"] == "0.1"
    assert pixels(page, 0) == pixels(page, 1) and sent(page, "move") == []


# Trainings


def test_the_buttons_of_a_training_say_what_was_pressed_and_follow_its_state(page):
    show(page, live(), state={"status": "step 0 · ready"})
    assert page.locator(".course-live .course-status").inner_text() == "step 0 · ready"
    button(page, "Play").click()
    button(page, "One D step").click()
    page.get_by_role("combobox", name="speed").select_option(label="10 steps/s")
    assert sent(page, "press", "speed") == [
        {"do": "press", "name": "play"}, {"do": "press", "name": "action:One D step"}, {"do": "speed", "index": 1},
    ]  # fmt: skip
    tell(page, tell="state", playing=True, status="step 12 · playing")
    assert button(page, "Pause").is_visible() and button(page, "Play").count() == 0
    assert page.locator(".course-status").inner_text() == "step 12 · playing"
    tell(page, tell="state", playing=False, card='<div role="alert">The training diverged</div>')
    assert button(page, "Play").is_visible() and "diverged" in page.get_by_role("alert").inner_text()
    tell(page, tell="state", card="")
    assert page.get_by_role("alert").count() == 0


def test_a_frame_of_a_training_is_acknowledged_only_where_the_kernel_asks_for_it(page):
    show(page, live())
    pass_time(page, 20)
    before = len(sent(page, "ack"))
    for asked in (False, False, True):
        page.evaluate(
            """(acknowledge) => {
                fake.shift += 1;
                fake.tellFrame({ask: null, values: fake.values, have: 1, acknowledge});
            }""",
            asked,
        )
        pass_time(page, 20)
    assert readouts(page)["shift"] == "3"
    assert sent(page, "ack")[before:] == [{"do": "ack", "number": 4}]


def test_each_frame_of_a_training_is_acknowledged_once_it_is_painted(page):
    show(page, live(), places=2)
    before = len(sent(page, "ack"))
    page.evaluate("() => { fake.shift += 1; fake.set({}); }")
    assert len(sent(page, "ack")) == before  # told, but not painted yet
    pass_time(page, 20)
    assert sent(page, "ack")[before:] == [{"do": "ack", "number": 2}] and readouts(page)["shift"] == "1"
    # A training that nobody looks at any more does not wait for them.
    page.evaluate("() => { fake.shift += 1; fake.set({}); shown.views.forEach(({close}) => close()); }")
    assert sent(page, "ack")[-1] == {"do": "ack", "number": 3}


def test_a_frame_of_a_training_may_build_on_the_last_one_that_was_painted(page):
    show(page, live())
    page.evaluate("() => { fake.shift += 1; fake.set({}); }")
    page.evaluate("() => { fake.shift += 1; fake.tellFrame({ask: null, values: fake.values, have: 1}); }")
    pass_time(page, 20)
    assert readouts(page)["shift"] == "2" and sent(page, "full") == []
    assert [message["number"] for message in sent(page, "ack")] == [1, 3]  # the second was never seen


def test_a_move_in_a_training_is_answered_without_a_frame(page):
    show(page, live(), rate=3)
    put(page, "learning rate of G", 4)
    put(page, "learning rate of G", 6)
    ask = sent(page, "move")[0]["ask"]
    tell(page, tell="state", values={"rate": [4, "0.01"], "loss": [0, "KL"]})
    assert value(page, "learning rate of G") == "0.1"
    tell(page, tell="state", ask=ask)
    assert said(page, "move") == [{"rate": 4}, {"rate": 6}] and value(page, "learning rate of G") == "0.1"


def test_a_training_is_not_asked_ahead_and_its_frames_are_not_kept(page):
    show(page, live(), rate=3)
    put(page, "learning rate of G", 4)
    answer(page)
    pass_time(page, 2000)
    put(page, "learning rate of G", 3)
    assert said(page, "move") == [{"rate": 4}, {"rate": 3}] and sent(page, "ahead") == []


# Around it


@pytest.mark.parametrize("spec", [explorable(), live()], ids=["explorable", "live"])
def test_on_a_phone_nothing_overflows_and_everything_can_be_touched(page, spec):
    page.set_viewport_size({"width": 360, "height": 800})
    show(page, spec)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    tops = [one.bounding_box()["y"] for one in page.locator(".course-control").all()]
    assert sorted(set(tops)) == tops  # one below the other
    touched = page.locator("button:visible, select, input[type=range], .course-option, .course-toggle").all()
    assert len(touched) > 8 and all(one.bounding_box()["height"] >= 32 for one in touched)


def test_the_picture_follows_the_width_and_the_lecturer_may_have_all_of_it(page):
    page.set_viewport_size({"width": 1400, "height": 800})
    show(page, explorable())
    width = lambda: page.locator("canvas").bounding_box()["width"]  # noqa: E731
    assert width() == pytest.approx(900, abs=1)
    button(page, "Whole width").click()
    settle(page)
    assert width() == pytest.approx(1400 - 24, abs=1)
    page.locator("canvas").press("l")
    settle(page)
    assert width() == pytest.approx(900, abs=1)
    page.set_viewport_size({"width": 700, "height": 800})
    settle(page)
    assert width() == pytest.approx(700 - 24, abs=1)


def test_on_a_full_screen_the_controls_stay_in_sight(page):
    page.set_viewport_size({"width": 1300, "height": 800})
    show(page, explorable())
    page.locator("canvas").press("f")
    page.wait_for_function("() => document.fullscreenElement !== null")
    settle(page)
    root = page.locator(".course-explorable")
    assert root.evaluate(
        "(one) => one === document.fullscreenElement && one.scrollHeight <= one.clientHeight"
    )
    assert page.locator("canvas").bounding_box()["width"] > 700
    box = page.locator(".course-readouts").bounding_box()
    assert box["y"] + box["height"] <= page.evaluate("() => innerHeight")
    button(page, "Full screen").click()
    page.wait_for_function("() => document.fullscreenElement === null")


def contrast(page, selector):
    """The least contrast of the texts in these elements with what is behind them (1 to 21)."""
    return page.evaluate(
        """(selector) => {
            const parse = (color) => color.match(/[\\d.]+/g).map(Number);
            const light = (one) => {
                const [r, g, b] = one.map((part) => part / 255).map((part) =>
                    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const behind = (element) => {
                for (let at = element; at; at = at.parentElement) {
                    const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
                    if (alpha === 1) return [r, g, b];
                }
                return [255, 255, 255];
            };
            const ratios = [...document.querySelectorAll(selector)].map((element) => {
                const ink = light(parse(getComputedStyle(element).color));
                const paper = light(behind(element));
                return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
            });
            return ratios.length ? Math.min(...ratios) : 0;
        }""",
        selector,
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("spec", [explorable(), live()], ids=["explorable", "live"])
def test_texts_can_be_read_in_both_themes(page, spec, dark):
    show(page, spec, dark=dark, state={"status": "step 1", "card": ""})
    texts = ".course-button, .course-label, .course-value, .course-option span, .course-menu, .course-readouts span,"
    texts += ".course-readouts b" + (", .course-status" if spec["live"] else ", .course-toggle")
    for selector in texts.split(","):
        assert contrast(page, selector) >= 4.5, selector
    page.evaluate("() => { fake.isDead = true; }")
    put(page, spec["controls"][0]["label"], 2)
    assert contrast(page, ".course-note") >= 4.5


def ground(page):
    """How light the picture is in its corner, 0 to 255."""
    return page.locator("canvas").evaluate(
        "(canvas) => Math.max(...canvas.getContext('2d').getImageData(2, canvas.height - 3, 1, 1).data.slice(0, 3))"
    )


def test_the_picture_takes_the_theme_of_jupyterlab_or_else_of_the_system(page):
    page.emulate_media(color_scheme="dark")
    show(page, explorable(), dark=False)
    assert ground(page) > 200
    page.evaluate("() => { document.body.dataset.jpThemeLight = 'false'; }")
    settle(page)
    assert ground(page) < 60
    # JupyterLab hides all of the page while it changes its theme.
    page.evaluate(
        "() => { document.body.style.display = 'none'; document.body.dataset.jpThemeLight = 'true'; }"
    )
    pass_time(page, 20)
    page.evaluate("() => { document.body.style.display = ''; }")
    assert ground(page) > 200
    show(page, explorable())
    assert ground(page) < 60
    page.emulate_media(color_scheme="light")
    settle(page)
    assert ground(page) > 200


@pytest.mark.parametrize("spec", [explorable(), live()], ids=["explorable", "live"])
def test_a_removed_view_leaves_nothing_behind(page, spec):
    show(page, spec)
    put(page, spec["controls"][0]["label"], 2)
    if not spec["live"]:
        answer(page)
        page.get_by_role("button", name="Run through spread of the prior").click()
    page.evaluate("() => { shown.views.forEach(({close}) => close()); shown.end(); }")
    count = len(sent(page))
    page.evaluate("() => fake.tellFrame({ask: null, values: fake.values, have: null})")
    page.evaluate("() => { document.body.dataset.jpThemeLight = 'false'; }")
    pass_time(page, 20_000)
    assert len(sent(page)) == count
    assert page.evaluate("() => fake.listeners.length") == 0
    assert page.locator(".course-explorable").count() == 0


def test_authors_texts_are_not_taken_for_html(page):
    bad = "<img src=x onerror=alert(1)>"
    controls = [control("one", bad, "buttons", [bad, "b"]), control("two", bad, "menu", [bad, "b"])]
    show(
        page,
        explorable(
            controls=controls, buttons=[press("preset:x", bad, title=bad)], presets={}, alt=bad, title=bad
        ),
    )
    assert page.locator(".course-explorable img").count() == 0
    assert page.locator(".course-button").inner_text() == bad
