"""A register of four claims, so that these tests do not depend on the course's own."""

import pytest

REGISTER = """
[[claim]]
id = "one"
lectures = ["UL"]
place = "UL p.1"
kind = "closed form"
notebook = "01_mean_field_kl"
statement = "The variance is $1/\\\\Lambda_{11}$ given $x|y$."

[[claim]]
id = "two"
lectures = ["UL", "I21"]
place = "UL p.2; I21 JSD"
kind = "inequality"
notebook = "01_mean_field_kl"
statement = "$JS(P,Q) \\\\ge 0$."

[[claim]]
id = "three"
lectures = ["I24"]
place = "I24 WGAN"
kind = "theorem"
notebook = "01_mean_field_kl"
statement = "$W$ is continuous."

[[claim]]
id = "four"
lectures = ["U17"]
place = "U17 Summary"
kind = "qualitative claim"
notebook = "02_variational_bayes_and_ep"
statement = "Nobody has confirmed this."
"""


@pytest.fixture
def register(tmp_path, monkeypatch):
    """The path of the small register, which ``claim`` uses too."""
    path = tmp_path / "assets" / "claims.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(REGISTER, encoding="utf-8")
    monkeypatch.setenv("COURSE_REGISTER", str(path))
    monkeypatch.delenv("COURSE_CLAIMS_UNREGISTERED", raising=False)
    return path
