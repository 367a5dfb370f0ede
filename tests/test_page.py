"""`dojo report`: the page, by what is in it, and in a browser where there is one."""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser

import pytest

from dojo.curriculum import Curriculum
from dojo.journal import Journal
from dojo.page import render
from dojo.serve import server, stamp

pytest_plugins = ["pytester"]

# Elements that need no end.
VOID = {"meta", "link", "img", "br", "hr", "input"}
NASTY = "</pre><script>document.title = 'taken'</script><b>"


class Page(HTMLParser):
    """The text of a page, its elements, and whether each that is opened is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.texts, self.elements = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def curriculum(project):
    return Curriculum(project.root)


def test_a_new_project_has_a_page(curriculum):
    page = Page(render(curriculum))
    text = " ".join(page.texts)
    assert "0 of 2 katas solved" in text
    assert "No kata is due." in text
    assert [item["class"] for item in page.all("li") if "class" in item] == ["untouched"] * 2


def test_what_was_done_is_shown(project, curriculum):
    kata, _ = curriculum
    project.answer(f"return 2 * x  # {NASTY}")
    book = Journal(project.root)
    book.note(kata, "failed", ["test_it"], 0.1, b"")
    book.use_hint(kata, 3)
    book.note(kata, "solved", [], 0.1, project.stub.read_bytes())
    pictures = project.root / ".dojo/benchmarks/pictures"
    pictures.mkdir(parents=True)
    for name in ("halve", "double", "double-small", "another"):
        (pictures / f"{name}.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
    page = Page(render(curriculum))
    text = " ".join(page.texts)
    assert "1 of 2 katas solved" in text
    assert "2 attempts; 0 due again" in text
    assert "numbers/double" in text
    assert f"return 2 * x  # {NASTY}" in text  # as text, and no element
    assert not page.all("script")
    images = page.all("img")
    names = [image["alt"].removeprefix("Seconds a call against size, for ") for image in images]
    assert names == ["double", "double-small", "halve"]
    assert images[0]["src"].startswith("data:image/svg+xml;base64,")
    assert any("1 of katas that are not solved" in words for words in page.texts)
    assert any("1 not solved" in words for words in page.texts)


def test_what_is_due_is_listed(project, curriculum, monkeypatch):
    kata, _ = curriculum
    project.answer("return 2 * x")
    with monkeypatch.context() as patch:
        patch.setattr("dojo.journal._now", lambda: "2026-01-01T12:00:00.000000+00:00")
        Journal(project.root).note(kata, "solved", [], 0.1, project.stub.read_bytes())
    assert "numbers/double, since 2026-01-09" in render(curriculum)


def test_it_needs_nothing_from_elsewhere(project, curriculum):
    for html in (render(curriculum), render(curriculum, stamp="x")):
        page = Page(html)
        addresses = [a.get("src") or a.get("href") for _, a in page.elements]
        assert all(a.startswith(("#", "data:")) for a in addresses if a)
        assert "http" not in re.sub(r'xmlns="[^"]*"', "", html)


def test_it_can_be_used_without_a_mouse_or_eyes(curriculum):
    page = Page(render(curriculum))
    [html] = page.all("html")
    assert html["lang"] == "en"
    sections = {a["href"].removeprefix("#") for a in page.all("a")}
    assert sections == {a["id"] for a in page.all("h2")}
    assert {tag for tag, _ in page.elements} >= {"header", "nav", "main", "h1"}
    assert all("aria-label" in a for a in page.all("svg") + page.all("nav"))


@pytest.fixture
def served(curriculum):
    with server(curriculum, 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def get(address, host=None):
    request = urllib.request.Request(address, headers={"Host": host} if host else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def test_the_served_page_knows_when_to_load_itself_anew(project, curriculum, served):
    assert "0 of 2 katas solved" in get(served)
    before = get(f"{served}/stamp")
    get(served)
    assert get(f"{served}/stamp") == before  # looking changes nothing
    project.answer("return 2 * x")
    project.pytest("--kata=double")
    assert get(f"{served}/stamp") != before
    assert "1 of 2 katas solved" in get(served)


def test_others_get_nothing(served):
    port = served.rpartition(":")[2]
    for host in (f"evil.example:{port}", "evil.example", ""):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(served, host or "x")
    assert get(served, f"localhost:{port}")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{served}/../conftest.py")


def test_hints_and_handouts_change_the_stamp(curriculum):
    kata, _ = curriculum
    stamps = [stamp(curriculum)]
    Journal(curriculum.root).use_hint(kata, 3)
    stamps.append(stamp(curriculum))
    Journal(curriculum.root).note_handout(kata)
    stamps.append(stamp(curriculum))
    assert len(set(stamps)) == 3


@pytest.mark.timeout(60)
def test_the_command_writes_the_page(project):
    command = [sys.executable, "-m", "dojo", "report"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    assert done.stdout == f"wrote {project.root / '.dojo/report.html'}\n"
    assert "0 of 2 katas solved" in (project.root / ".dojo/report.html").read_text()


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
@pytest.mark.timeout(120)
def test_a_browser_takes_the_learners_text_as_text(project, curriculum, tmp_path):
    kata, _ = curriculum
    project.answer(f"return 2 * x  # {NASTY}")
    Journal(project.root).note(kata, "solved", [], 0.1, project.stub.read_bytes())
    file = tmp_path / "report.html"
    file.write_text(render(curriculum), encoding="utf-8")
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=100)
    assert "<title>Dojo: 1 of 2 katas</title>" in done.stdout
    assert "&lt;/pre&gt;&lt;script&gt;" in done.stdout


class Browser:
    """Chromium, by the WebDriver protocol (W3C): just what is needed here."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.driver = subprocess.Popen(
            [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.address = f"http://127.0.0.1:{port}/session"
        arguments = [*OPTIONS, f"--user-data-dir={folder}", "--window-size=500,900"]
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
        for _ in range(100):
            try:
                session = self.ask("", {"capabilities": {"alwaysMatch": wanted}})
                break
            except urllib.error.URLError:
                time.sleep(0.2)  # it is being started
        self.address += f"/{session['sessionId']}"

    def ask(self, path, data):
        body = json.dumps(data).encode()
        request = urllib.request.Request(self.address + path, body, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def go(self, address):
        self.ask("/url", {"url": address})

    def run(self, script):
        return self.ask("/execute/sync", {"script": f"return {script}", "args": []})

    def click(self, selector):
        found = self.ask("/element", {"using": "css selector", "value": selector})
        self.ask(f"/element/{next(iter(found.values()))}/click", {})

    def press(self, keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def close(self):
        request = urllib.request.Request(self.address, method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()
        self.driver.terminate()
        self.driver.wait()


@pytest.fixture
def browser(tmp_path):
    opened = Browser(tmp_path / "profile")
    yield opened
    opened.close()


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium and its driver here")
@pytest.mark.timeout(180)
def test_a_browser_clicks_types_and_sees_a_kata_turn_green(project, curriculum, served, browser):
    kata, _ = curriculum
    browser.go(served)
    assert browser.run("document.querySelectorAll('.map .solved').length") == 0
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    project.answer(f"return 2 * x  # {NASTY}")
    Journal(project.root).note(kata, "solved", [], 0.1, project.stub.read_bytes())
    deadline = time.monotonic() + 60
    while browser.run("document.querySelectorAll('.map .solved').length") == 0:
        assert time.monotonic() < deadline, "the page does not load itself anew"
        time.sleep(0.2)
    assert browser.run("document.title") == "Dojo: 1 of 2 katas"
    answer = "document.querySelector('#answers ~ details')"
    assert not browser.run(f"{answer}.open")
    browser.click("#answers ~ details summary")
    assert browser.run(f"{answer}.open")
    assert NASTY in browser.run(f"{answer}.querySelector('pre').textContent")
    browser.press(["\ue007"])  # Enter, on the summary that has the focus
    assert not browser.run(f"{answer}.open")
    browser.click("nav a[href='#answers']")
    assert browser.run("location.hash") == "#answers"
