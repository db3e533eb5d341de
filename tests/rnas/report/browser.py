"""A headless Chromium whose pages are used as a reader uses them, by mouse and keyboard, through its DevTools pipe."""

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

CHROMIUM: str | None = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_PATIENCE = 60.0
_SHIFT = 8
_KEYS = {"Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39, "Tab": 9}
_LOCAL = ("file:", "data:", "blob:", "about:")


class Browser:
    """A running Chromium; see :func:`browser`."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._left = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its result; events on the way are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            more = os.read(self._reading, 1 << 20)
            assert more, "Chromium has gone"
            self._left += more
        message, self._left = self._left.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(message)
        return answer

    def open(self, path: Path, width: int = 1400, height: int = 1000, dark: bool = False) -> "Page":
        """A file in a new tab, once its scripts have run."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        page.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        page.call("Page.navigate", url=path.as_uri())
        page.wait("document.readyState === 'complete' && location.protocol === 'file:'")
        return page


class Page:
    """One tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command to this tab."""
        return self._browser.call(method, self._session, **params)

    def value(self, expression: str) -> Any:
        """What an expression is in the page, awaited."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true."""
        end = time.monotonic() + _PATIENCE
        while not self.value(expression):
            assert time.monotonic() < end, f"in vain: {expression}"
            time.sleep(0.02)

    @property
    def elements(self) -> str:
        """The page as it is now, up to the data of its scripts."""
        whole: str = self.value("document.documentElement.outerHTML")
        return whole.split('<script type="application/json"')[0]

    def close(self) -> None:
        """The tab."""
        self.call("Page.close")

    def text(self, selector: str) -> str:
        """The visible text of an element."""
        text: str = self.value(f"document.querySelector({selector!r}).innerText")
        return text

    def shown(self, selector: str) -> bool:
        """Whether an element takes up room."""
        return bool(self.value(f"document.querySelector({selector!r}).getClientRects().length"))

    def click(self, selector: str, *, shift: bool = False) -> Self:
        """With the mouse, in the middle of an element."""
        x, y = self._centre(selector)
        held = _SHIFT if shift else 0
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, modifiers=held)
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, modifiers=held, button="left", clickCount=1, buttons=1
            )
        return self

    def hover(self, selector: str) -> Self:
        """Move the mouse to the middle of an element."""
        x, y = self._centre(selector)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return self

    def _centre(self, selector: str) -> tuple[float, float]:
        """Where an element is, once it was moved into view."""
        x, y = self.value(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}}); "
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        return x, y

    def press(self, key: str, *, shift: bool = False) -> Self:
        """One key."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key], "modifiers": _SHIFT if shift else 0}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)
        return self

    def write(self, selector: str, text: str) -> Self:
        """Text into a field."""
        self.value(f"document.querySelector({selector!r}).focus()")
        self.call("Input.insertText", text=text)
        return self

    def choose(self, selector: str, value: str) -> Self:
        """An option of a select."""
        self.value(
            f"(e => {{ e.value = {value!r}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
            f"(document.querySelector({selector!r}))"
        )
        return self

    def resize(self, width: int, height: int) -> Self:
        """The window."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        return self

    def picture(self, path: Path) -> None:
        """What is in the window, as PNG."""
        path.write_bytes(b64decode(self.call("Page.captureScreenshot")["data"]))

    def printed(self, path: Path) -> None:
        """The page on paper, as PDF."""
        path.write_bytes(b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))

    @property
    def complaints(self) -> list[Any]:
        """Whatever the console has shown of this tab, and exceptions."""
        kinds = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [event["params"] for event in self._events() if event["method"] in kinds]

    @property
    def requests(self) -> list[str]:
        """Addresses that the tab asked for, beyond the page's own."""
        urls = [e["params"]["request"]["url"] for e in self._events() if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(_LOCAL)]

    def _events(self) -> list[dict[str, Any]]:
        self.value("0")
        return [event for event in self._browser.events if event.get("sessionId") == self._session]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A Chromium of its own, with its profile in a folder; RuntimeError where none is installed."""
    if CHROMIUM is None:
        raise RuntimeError("no Chromium is installed")
    commands, answers = os.pipe(), os.pipe()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    options += ["--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}"]
    # DevTools reads from descriptor 3 and writes to 4.
    script = f'exec "$0" "$@" 3<&{commands[0]} 4>&{answers[1]}'
    process = subprocess.Popen(
        ["bash", "-c", script, CHROMIUM, *options], pass_fds=(commands[0], answers[1]), stderr=subprocess.DEVNULL
    )
    os.close(commands[0])
    os.close(answers[1])
    try:
        yield Browser(answers[0], commands[1])
    finally:
        os.close(commands[1])
        os.close(answers[0])
        process.terminate()
        process.wait(timeout=_PATIENCE)
