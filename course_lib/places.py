"""Where in the code something happened: the frames that an error came through, and the text of a line."""

import linecache
from typing import NamedTuple

__all__ = ["Place", "places_of"]


class Place(NamedTuple):
    """One frame: file (in a notebook: the cell), line number, name of the function."""

    file: str
    number: int
    function: str

    @property
    def text(self) -> str:
        """The line itself, '' where nobody has it."""
        return linecache.getline(self.file, self.number).strip()


def places_of(error: BaseException) -> tuple[Place, ...]:
    """The frames that an error came through, innermost first."""
    places = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(Place(code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return tuple(places[::-1])
