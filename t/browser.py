# SPDX-License-Identifier: ISC
"""A real browser for tests: Chromium behind chromedriver, by WebDriver's HTTP alone.

	python3 t/browser.py FOLDER	both programs, until it is ended; FOLDER/ready says that they are there

	browser = Browser(FOLDER)	any number of times, in any process
	browser.open("http://127.0.0.1:8080/")
	browser.run("return document.title")
	browser.cdp("Accessibility.getFullAXTree")

Both are those of t/peers.sh, run from there, and leave nothing outside of the folder.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = str(ROOT / "t" / "peer")
WAIT = float(os.environ.get("WAIT", "90"))

# What a browser on a desk does beside showing pages is of no use here.  By a pipe to the driver it ends with it.
ARGUMENTS = [
	"--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
	"--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
	"--disable-sync", "--disable-breakpad", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
	"--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider,PaintHolding",
]

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>{root}/usr/share/fonts</dir>
<dir>/usr/share/fonts</dir>
<cachedir>{folder}/fonts</cachedir>
</fontconfig>
"""


def peer_path(program):
	return subprocess.run([PEER, "--path", program], check=True, capture_output=True, text=True).stdout.strip()


def start(folder):
	"""The driver, which ends with this process, and with it the browser."""
	root = peer_path("chromium").split("/usr/lib/")[0]
	(folder / "fonts.conf").write_text(FONTS.format(root=root, folder=folder))
	environ = dict(os.environ, HOME=str(folder), TMPDIR=str(folder), FONTCONFIG_FILE=str(folder / "fonts.conf"),
	               DBUS_SESSION_BUS_ADDRESS="disabled:", TZ="UTC", LC_ALL="C.UTF-8")
	with open(folder / "driver.log", "w") as log:
		driver = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", PEER, "chromedriver", "--port=0"], stdout=log,
		                          stderr=log, stdin=subprocess.DEVNULL, env=environ)
	port = until(lambda: port_in(folder / "driver.log") or driver.poll() is not None)
	base = f"http://127.0.0.1:{port}"
	options = {"binary": peer_path("chromium"), "args": ARGUMENTS + [f"--user-data-dir={folder}/profile"]}
	session = call(base, "POST", "/session", {"capabilities": {"alwaysMatch": {
		"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
	}}})
	(folder / "new").write_text(f"{base}/session/{session['sessionId']}")
	(folder / "new").rename(folder / "ready")
	return driver


def port_in(log):
	text = log.read_text()
	return int(text.split("successfully on port ")[1].split(".")[0]) if "successfully on port " in text else None


def until(true):
	end = time.monotonic() + WAIT
	while not (value := true()):
		if time.monotonic() > end:
			raise RuntimeError("gave up waiting")
		time.sleep(0.05)
	return value


def call(base, method, path, body):
	request = urllib.request.Request(base + path, data=json.dumps(body).encode(), method=method,
	                                 headers={"Content-Type": "application/json"})
	opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
	try:
		with opener.open(request, timeout=WAIT) as answer:
			return json.load(answer)["value"]
	except urllib.error.HTTPError as e:
		raise RuntimeError(json.load(e)["value"]["message"]) from None


class Browser:
	def __init__(self, folder):
		self.base = (pathlib.Path(folder) / "ready").read_text()

	def do(self, verb, body=None):
		return call(self.base, "POST", f"/{verb}", body or {})

	def open(self, url):
		self.do("url", {"url": url})

	def run(self, script, *args):
		return self.do("execute/sync", {"script": script, "args": list(args)})

	def cdp(self, command, **params):
		return self.do("goog/cdp/execute", {"cmd": command, "params": params})

	def until(self, script, *args):
		return until(lambda: self.run(script, *args))

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
		"""What the console has had to complain of since the last call, violations of the policy among it."""
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


if __name__ == "__main__":
	sys.exit(start(pathlib.Path(sys.argv[1]).resolve()).wait())
