"""Where an error came from: the innermost frame first, each with its line."""

from course_lib.places import Place, places_of


def inner():
    raise KeyError("lost")


def outer():
    inner()


def test_the_frames_of_an_error_from_the_inside_out():
    try:
        outer()
    except KeyError as error:
        places = places_of(error)
    assert [place.function for place in places[:2]] == ["inner", "outer"]
    assert [place.text for place in places[:2]] == ['raise KeyError("lost")', "inner()"]
    assert all(place.file == __file__ for place in places)


def test_a_line_that_nobody_has_is_empty():
    assert Place("<no such file>", 3, "f").text == ""
    assert Place(__file__, 10**6, "f").text == ""
