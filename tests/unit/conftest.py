"""A register of four claims, so that these tests do not depend on the course's own."""

import pytest

REGISTER = {
    "n01_mean_field_kl": """
title = "One"
summary = "what one is"
follows = "UL p.1-2"

[[claim]]
id = "one"
lectures = ["UL"]
place = "UL p.1"
kind = "closed form"
statement = "The variance is $1/\\\\Lambda_{11}$ given $x|y$."

[[claim]]
id = "two"
lectures = ["UL", "I21"]
place = "UL p.2; I21 JSD"
kind = "inequality"
statement = "$JS(P,Q) \\\\ge 0$."

[[claim]]
id = "three"
lectures = ["I24"]
place = "I24 WGAN"
kind = "theorem"
statement = "$W$ is continuous."
""",
    "n02_variational_bayes_and_ep": """
title = "Two"
summary = "what two is"
follows = "U17"

[[claim]]
id = "four"
lectures = ["U17"]
place = "U17 Summary"
kind = "qualitative claim"
statement = "Nobody has confirmed this."
""",
}


@pytest.fixture
def register(tmp_path, monkeypatch):
    """The folder of two lessons with a small register, which ``claim`` uses too."""
    folder = tmp_path / "course_lib" / "lessons"
    for lesson, text in REGISTER.items():
        (folder / lesson).mkdir(parents=True)
        (folder / lesson / "__init__.py").touch()
        (folder / lesson / "claims.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("COURSE_REGISTER", str(folder))
    monkeypatch.delenv("COURSE_CLAIMS_UNREGISTERED", raising=False)
    return folder
