"""A JupyterHub for a test, and users who work on it as a browser would: log in, run cells, move widgets."""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests
import websocket

from course_lib.commands.environment import ROOT

__all__ = ["PASSWORD", "Kernel", "User", "proxy_command", "running_hub"]

PASSWORD = secrets.token_hex(8)


def proxy_command() -> str | None:
    """configurable-http-proxy: from ``CONFIGURABLE_HTTP_PROXY``, or on the path; None when there is none."""
    return os.environ.get("CONFIGURABLE_HTTP_PROXY") or shutil.which("configurable-http-proxy")


def config_of_the_page() -> str:
    """The lines that TEACHING.md tells a lecturer to write."""
    page = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"\*\*`course\.py`\*\*\s+```python\n(.*?)```", page, re.DOTALL)
    return re.sub(r"^ {3}", "", block, flags=re.MULTILINE)


@contextlib.contextmanager
def running_hub(folder: Path, course: Path, timeout: float = 90.0):
    """A hub whose users live below ``folder/homes``, serving the copy of the course at ``course``; its address."""
    ports = free_ports(3)
    (folder / "homes").mkdir()
    config = folder / "jupyterhub_config.py"
    # The page's own lines, then what is different in a test: the place, who may log in, and who spawns.
    config.write_text(
        config_of_the_page().replace("/opt/course/.venv/bin/python", sys.executable)
        + f"""
c.Spawner.environment |= {{"PYTHONPATH": {str(course)!r}, "COURSE_SEED": "0", "MPLBACKEND": "Agg"}}
c.Spawner.environment |= {{"XDG_DATA_HOME": "", "COURSE_HOME": "", "COURSE_PROGRESS": "", "COURSE_WORKSPACE": ""}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {str(folder / "homes")!r} + "/{{username}}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {PASSWORD!r}
c.Authenticator.allow_all = True
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = {[proxy_command()]!r}
c.JupyterHub.db_url = "sqlite:///{folder / "hub.sqlite"}"
c.JupyterHub.cookie_secret_file = {str(folder / "cookie_secret")!r}
c.JupyterHub.concurrent_spawn_limit = 20
c.JupyterHub.log_level = "WARN"
""",
        encoding="utf-8",
    )
    log = (folder / "hub.log").open("w+", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(course)}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", "-f", str(config)],
        cwd=folder, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    url = f"http://127.0.0.1:{ports[0]}"
    try:
        deadline = time.monotonic() + timeout
        while not _answers(f"{url}/hub/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise RuntimeError("the hub does not answer:\n" + log.read()[-3000:])
            time.sleep(0.3)
        yield url
    finally:
        process.terminate()  # the hub ends its users' servers and its proxy
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        log.close()


def free_ports(count) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _answers(url) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


class User:
    """Somebody who logs in by the form, as a browser does."""

    def __init__(self, hub: str, name: str):
        self.hub, self.name = hub, name
        self.session = requests.Session()
        self.session.get(f"{hub}/hub/login", timeout=60).raise_for_status()
        form = {"username": name, "password": PASSWORD, "_xsrf": self.session.cookies["_xsrf"]}
        # The hub answers with a redirect to a server that has still to start.
        answer = self.session.post(f"{hub}/hub/login", data=form, timeout=60, allow_redirects=False)
        assert answer.status_code == 302, answer.text[:500]
        self.session.get(f"{hub}/hub/home", timeout=60)
        answer = self._hub_api("POST", f"users/{name}/tokens", json={"note": "test"})
        self.headers = {"Authorization": f"token {answer.json()['token']}"}

    def _hub_api(self, verb, path, **more):
        headers = {
            "X-XSRFToken": self.session.cookies.get("_xsrf", path="/hub/"),
            "Referer": f"{self.hub}/hub/home",
        }
        answer = self.session.request(
            verb, f"{self.hub}/hub/api/{path}", headers=headers, timeout=120, **more
        )
        answer.raise_for_status()
        return answer

    def start(self, timeout: float = 180.0) -> "User":
        """Starts the user's server and waits until it answers."""
        requests.post(f"{self.hub}/hub/api/users/{self.name}/server", headers=self.headers, timeout=timeout)
        deadline = time.monotonic() + timeout
        while not self.get("api/status").ok:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server of {self.name} did not start")
            time.sleep(0.5)
        return self

    def get(self, path: str, of: str | None = None):
        """Asks a server (``of`` another user's) with this user's token."""
        return requests.get(f"{self.hub}/user/{of or self.name}/{path}", headers=self.headers, timeout=60)

    def read(self, notebook: str) -> dict:
        answer = self.get(f"api/contents/{notebook}?content=1")
        answer.raise_for_status()
        return answer.json()["content"]

    def save(self, notebook: str, content: dict) -> None:
        body = {"type": "notebook", "format": "json", "content": content}
        url = f"{self.hub}/user/{self.name}/api/contents/{notebook}"
        requests.put(url, headers=self.headers, json=body, timeout=60).raise_for_status()

    def kernel(self) -> "Kernel":
        url = f"{self.hub}/user/{self.name}/api/kernels"
        answer = requests.post(url, headers=self.headers, json={"name": "python3"}, timeout=120)
        answer.raise_for_status()
        return Kernel(url, answer.json()["id"], self.headers)


class Kernel:
    """A kernel behind the hub, over its websocket."""

    def __init__(self, url, ident, headers):
        self.session = secrets.token_hex(8)
        address = url.replace("http://", "ws://") + f"/{ident}/channels?session_id={self.session}"
        self.socket = websocket.create_connection(address, header=headers, timeout=300)
        self.widgets: dict[str, dict] = {}

    def send(self, kind: str, content: dict) -> str:
        """Sends a message on the shell channel; its id."""
        header = {
            "msg_id": secrets.token_hex(8),
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "version": "5.3",
        }
        message = {
            "channel": "shell",
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
        }
        self.socket.send(json.dumps(message))
        return header["msg_id"]

    def answers(self, ident: str) -> list[dict]:
        """All messages that a message brought about, until the kernel is idle again and has replied."""
        found, idle, replied = [], False, False
        while not (idle and replied):
            message = self._receive()
            if message["msg_type"] == "comm_open":
                self.widgets[message["content"]["comm_id"]] = message["content"]["data"].get("state", {})
            if message["parent_header"].get("msg_id") != ident:
                continue
            found.append(message)
            idle |= message["content"].get("execution_state") == "idle"
            # A comm message has no reply.
            replied |= message["channel"] == "shell" or (
                idle and not message["parent_header"]["msg_type"].endswith("request")
            )
        return found

    def _receive(self):
        data = self.socket.recv()
        if isinstance(data, bytes):  # the JSON, then the buffers, with their places in front
            count = int.from_bytes(data[:4], "big")
            start, *ends = (int.from_bytes(data[4 * i : 4 * i + 4], "big") for i in range(1, count + 1))
            data = data[start : ends[0] if ends else None]
        message = json.loads(data)
        return message | {"msg_type": message["header"]["msg_type"]}

    def run(self, source: str) -> str:
        """Executes a cell; what it printed and showed, as text.

        Raises:
            AssertionError: the cell raised.
        """
        request = {
            "code": source,
            "silent": False,
            "store_history": True,
            "allow_stdin": False,
            "stop_on_error": True,
        }
        texts = []
        for message in self.answers(self.send("execute_request", request)):
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            if message["msg_type"] == "stream":
                texts.append(content["text"])
            elif message["msg_type"] in ("display_data", "execute_result"):
                texts.append("".join(content["data"].get("text/plain", "")))
        return "\n".join(texts)

    def move_a_slider(self) -> list[dict]:
        """Moves the first slider of the first picture to its end, as the page does; the frames that follow."""
        ident, control = next(
            (ident, control)
            for ident, state in self.widgets.items()
            for control in json.loads(state.get("spec", '{"controls": []}'))["controls"]
            if control["kind"] == "slider"
        )
        move = {"do": "move", "ask": 1, "values": {control["name"]: len(control["texts"]) - 1}, "have": None}
        data = {"method": "custom", "content": move}
        answers = self.answers(self.send("comm_msg", {"comm_id": ident, "data": data}))
        told = [one["content"]["data"].get("content", {}) for one in answers if one["msg_type"] == "comm_msg"]
        return [one for one in told if one.get("tell") == "frame" and one["ask"] == 1]

    def close(self):
        self.socket.close()
