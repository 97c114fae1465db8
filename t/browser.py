# SPDX-License-Identifier: ISC
"""A real browser for tests: Chromium behind chromedriver, by WebDriver's HTTP alone.

	with Browser() as browser:
		browser.open("http://127.0.0.1:8080/")
		browser.run("return document.title")
		browser.cdp("Accessibility.getFullAXTree")

Both programs are those of t/peers.sh, run from there.  What the browser has to
complain of is collected: problems() gives errors of its console and violations
of the Content-Security-Policy since the last call.
"""
import base64
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = str(ROOT / "t" / "peer")

# What a browser on a desk does beside showing pages is of no use here.
ARGUMENTS = [
	"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
	"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
	"--disable-breakpad", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
	"--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider,PaintHolding",
]


class Browser:
	def __init__(self, wait=90):
		self.wait = wait
		self.folder = tempfile.TemporaryDirectory(prefix="browser-")
		self.log = open(os.path.join(self.folder.name, "log"), "w+")
		environ = dict(os.environ, HOME=self.folder.name, DBUS_SESSION_BUS_ADDRESS="disabled:", TZ="UTC", LC_ALL="C.UTF-8")
		self.driver = subprocess.Popen([PEER, "chromedriver", "--port=0"], stdout=self.log, stderr=self.log,
		                               stdin=subprocess.DEVNULL, env=environ)
		try:
			self.base = f"http://127.0.0.1:{self.port()}"
			self.session = None
			self.begin()
		except BaseException:
			self.close()
			raise

	def port(self):
		end = time.monotonic() + self.wait
		while time.monotonic() < end and self.driver.poll() is None:
			text = pathlib.Path(self.log.name).read_text()
			if "successfully on port " in text:
				return int(text.split("successfully on port ")[1].split(".")[0])
			time.sleep(0.05)
		raise RuntimeError("chromedriver does not start: " + pathlib.Path(self.log.name).read_text())

	def begin(self):
		chromium = subprocess.run([PEER, "--path", "chromium"], check=True, capture_output=True, text=True)
		options = {
			"binary": chromium.stdout.strip(),
			"args": ARGUMENTS + [f"--user-data-dir={self.folder.name}/profile"],
		}
		answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
			"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
		}}})
		self.session = answer["sessionId"]

	def call(self, method, path, body=None):
		data = None if body is None else json.dumps(body).encode()
		request = urllib.request.Request(self.base + path, data=data, method=method,
		                                 headers={"Content-Type": "application/json"})
		opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
		try:
			with opener.open(request, timeout=self.wait) as answer:
				return json.load(answer)["value"]
		except urllib.error.HTTPError as e:
			raise RuntimeError(json.load(e)["value"]["message"]) from None

	def do(self, verb, body=None):
		return self.call("POST", f"/session/{self.session}/{verb}", body or {})

	def open(self, url):
		self.do("url", {"url": url})

	def run(self, script, *args):
		return self.do("execute/sync", {"script": script, "args": list(args)})

	def cdp(self, command, **params):
		return self.do("goog/cdp/execute", {"cmd": command, "params": params})

	def until(self, script, *args):
		end = time.monotonic() + self.wait
		while not (value := self.run(script, *args)):
			if time.monotonic() > end:
				raise RuntimeError(f"never came true: {script}")
			time.sleep(0.05)
		return value

	def find(self, selector):
		element = self.do("element", {"using": "css selector", "value": selector})
		return next(iter(element.values()))

	def type(self, selector, text):
		element = self.find(selector)
		self.do(f"element/{element}/clear", {})
		self.do(f"element/{element}/value", {"text": text})

	def click(self, selector):
		self.do(f"element/{self.find(selector)}/click", {})

	def problems(self):
		return [entry["message"] for entry in self.do("se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]

	def size(self, width, height, scale=1):
		self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)

	def dark(self, dark):
		self.cdp("Emulation.setEmulatedMedia",
		         features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

	def scripts(self, enabled):
		self.cdp("Emulation.setScriptExecutionDisabled", value=not enabled)

	def screenshot(self, path):
		shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
		pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

	def close(self):
		if getattr(self, "session", None):
			try:
				self.call("DELETE", f"/session/{self.session}")
			except (RuntimeError, OSError):
				pass
		self.driver.terminate()
		self.driver.wait()
		self.log.close()
		self.folder.cleanup()

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()
