# SPDX-License-Identifier: ISC
"""What a real browser makes of rtr-serve's page.

usage: python3 t/page.py CHECK...

with BROWSER (the folder of t/browser.py), URL (of the page) and PORT (where routers come in).
Exits 1 with a reason where the check fails.
"""
import json
import os
import re
import socket
import struct
import sys
import urllib.request

from browser import Browser, until

URL = os.environ["URL"]
PORT = int(os.environ.get("PORT", "0"))
browser = Browser(os.environ["BROWSER"])

# The text of an element as one line.
TEXT = "return document.querySelector(arguments[0]).innerText.replace(/\\s+/g, ' ')"


def expect(true, what):
	if not true:
		sys.exit(f"{what}")


def text(selector):
	return browser.run(TEXT, selector)


def ask(what):
	opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
	with opener.open(URL + what, timeout=30) as answer:
		return json.load(answer)


def status():
	return ask("status")


def served(count):
	"""So many routers have the table, and it is known."""
	clients = ask("clients")["clients"]
	return len(clients) == count and all(c["serial"] for c in clients)


def fresh(path=""):
	"""The page as it is at first, on a desk, in the light, with nothing to complain of."""
	browser.size(1200, 900)
	browser.dark(False)
	browser.scripts(True)
	browser.open(URL + path)
	browser.problems()


def renew():
	"""Have the script ask for the page now, as it does when a tab is shown again."""
	browser.run("document.dispatchEvent(new Event('visibilitychange'))")


class Router:
	"""Takes the table, and does not ask again."""

	def __init__(self):
		self.socket = socket.create_connection(("127.0.0.1", PORT), timeout=60)
		self.socket.sendall(struct.pack(">BBHI", 1, 2, 0, 8))
		data = b""
		while True:
			while len(data) < 8 or len(data) < struct.unpack(">I", data[4:8])[0]:
				data += self.socket.recv(65536) or sys.exit("the cache closed the connection")
			length = struct.unpack(">I", data[4:8])[0]
			if data[1] == 7:
				return
			data = data[length:]


# ---- checks

def loads():
	browser.problems()
	browser.size(1200, 900)
	browser.open(URL)
	expect(browser.run("return document.title") == "All is well · rtr-serve", browser.run("return document.title"))
	expect(text("#state h2") == "✓ All is well", text("#state"))
	renew()
	browser.until("return performance.getEntriesByType('resource').length > 0")
	asked = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
	expect(set(asked) == {URL}, f"it asked for {asked}")
	expect(browser.problems() == [], "complaints")


def policy():
	"""What somebody might get into the page does nothing."""
	fresh()
	browser.run("""
		document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.bad = 1"><p id="p" style="color: red">');
		const script = document.createElement('script');
		script.textContent = 'window.bad = 2';
		document.body.append(script);
		document.getElementById('p').insertAdjacentHTML('beforeend', '<iframe src="/status"></iframe>');
		return fetch('http://127.0.0.2:1/').catch(() => {});
	""")
	problems = browser.problems()
	for directive in ("img-src", "style-src", "script-src", "connect-src", "default-src"):
		expect(any(f"directive: \"{directive} " in p or f"directive '{directive} " in p for p in problems),
		       f"nothing of {directive} in {problems}")
	expect(browser.run("return window.bad") is None, "a script ran")
	expect(browser.run("return getComputedStyle(document.getElementById('p')).color") != "rgb(255, 0, 0)", "a style was taken")


def numbers():
	routers = [Router(), Router()]
	until(lambda: served(len(routers)))
	fresh()
	want = status()
	facts = dict(browser.run("""
		return [...document.querySelectorAll('.facts > div')].map(
			fact => [fact.querySelector('dt').innerText, fact.querySelector('dd').innerText]);
	"""))
	table = want["table"]
	expect(facts["VRPs"] == f"{table['vrps_ipv4'] + table['vrps_ipv6']:,}", facts)
	expect(facts["ASPAs"] == f"{table['aspas']:,}", facts)
	expect(facts["Serial"] == str(want["rtr"]["serial"]), facts)
	expect(facts["Input"] == want["input"]["state"], facts)
	expect(facts["Routers"] == str(len(routers)), facts)
	rows = browser.run("""
		return [...document.querySelectorAll('#anchor-list tbody tr')].map(row => [...row.cells].map(cell => cell.innerText));
	""")
	anchors = [[a["name"], a["vrps_ipv4"], a["vrps_ipv6"], a["router_keys"], a["aspas"]] for a in want["trust_anchors"]]
	expect(len(rows) == len(anchors), rows)
	for row, anchor in zip(rows, anchors):
		expect(row[1:] == [f"{n:,}" for n in anchor[1:]], f"{row} is not {anchor}")
	expect(browser.problems() == [], "complaints")
	for router in routers:
		router.socket.close()


def lag():
	"""A change comes to an open page by itself, and a router that doesn't ask is seen to lag."""
	router = Router()
	until(lambda: served(1))
	# Ten seconds of the script are a tenth of one.
	hurry = browser.cdp("Page.addScriptToEvaluateOnNewDocument",
	                    source="const late = setTimeout; window.setTimeout = (call, ms) => late(call, ms / 100)")
	fresh()
	browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=hurry["identifier"])
	browser.run("window.mark = 1; window.table = document.getElementById('clients')")
	before = status()["rtr"]["serial"]
	expect(text("#clients tbody tr td") == "current", text("#clients"))
	with open(os.environ["FEED"], "w") as feed:
		feed.write("%delta\n+203.0.113.0/24 24 64499 ripe\n~end\n")
	until(lambda: status()["rtr"]["serial"] == before + 1)
	browser.until("return document.querySelector('#clients tbody td').innerText === '1 behind'")
	expect(f" {before + 1} " in text("#numbers"), text("#numbers"))
	expect(re.search(rf"UTC {before + 1} 1 0 ", text("#change-list")), text("#change-list"))
	expect(browser.run("return window.mark === 1 && window.table === document.getElementById('clients')"), "it was loaded anew")
	expect(browser.problems() == [], "complaints")
	router.socket.close()


def validates():
	fresh()
	browser.run("window.mark = 1")
	browser.type("#prefix", "192.0.2.0/24")
	browser.type("#asn", "AS64496")
	browser.click("form button")
	browser.until("return document.querySelector('#answer .word')")
	expect(text("#answer p") == "Valid: 192.0.2.0/24 AS64496, a VRP matches it.", text("#answer"))
	expect(browser.run("return location.search") == "?prefix=192.0.2.0%2F24&asn=AS64496", "another address")
	browser.type("#asn", "64497")
	browser.do(f"element/{browser.find('#asn')}/value", {"text": "\ue007"})
	browser.until("return document.querySelector('#answer .bad')")
	expect(text("#answer p").startswith("Invalid: 192.0.2.0/24 AS64497, "), text("#answer"))
	expect(text("#vrps tbody") == "192.0.2.0/24 24 AS64496 other AS", text("#vrps"))
	expect(browser.run("return document.getElementById('answer').getAttribute('role')") == "status", "no role")
	expect(browser.run("return window.mark") == 1, "it was loaded anew")
	browser.open(URL + "?prefix=2001%3Adb8%3A%3A1&asn=")
	expect(text("#vrps tbody") == "2001:db8::/32 48 AS64497 too long", text("#answer"))
	expect(browser.problems() == [], "complaints")


def scriptless():
	"""The same by the form alone; the protocol of the debugger types, since no script may."""
	fresh()
	browser.scripts(False)
	browser.open(URL)
	root = browser.cdp("DOM.getDocument")["root"]["nodeId"]
	for selector, value in (("#prefix", "192.0.2.0/24"), ("#asn", "64496")):
		browser.cdp("DOM.focus", nodeId=browser.cdp("DOM.querySelector", nodeId=root, selector=selector)["nodeId"])
		browser.cdp("Input.insertText", text=value)
	for kind in ("rawKeyDown", "char", "keyUp"):
		browser.cdp("Input.dispatchKeyEvent", type=kind, windowsVirtualKeyCode=13, key="Enter", code="Enter", text="\r")

	def answer():
		document = browser.cdp("DOM.getDocument")["root"]
		try:
			found = browser.cdp("DOM.querySelector", nodeId=document["nodeId"], selector="#answer")["nodeId"]
		except RuntimeError:	# the page went meanwhile, and the next one comes
			return None
		if not document["documentURL"].endswith("?prefix=192.0.2.0%2F24&asn=64496") or not found:
			return None
		return browser.cdp("DOM.getOuterHTML", nodeId=found)["outerHTML"]
	html = until(answer)
	browser.scripts(True)
	expect("Valid</span>: 192.0.2.0/24 AS64496, a VRP matches it." in html, html)


# Of every text that is seen: how much its color differs from what is behind it, as WCAG 2 counts.
CONTRAST = """
	const parse = color => (color.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	function behind(element) {
		for (; element; element = element.parentElement) {
			const color = parse(getComputedStyle(element).backgroundColor);
			if (color.length < 4 || color[3] === 1)
				return color;
		}
		return [255, 255, 255];
	}
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
	while (walker.nextNode()) {
		const element = walker.currentNode.parentElement, style = getComputedStyle(element);
		if (!walker.currentNode.data.trim() || element.closest('script, title, desc, .unseen'))
			continue;
		const first = getComputedStyle(element, '::first-line').color;
		const color = parse(element instanceof SVGElement ? style.fill : element.className === 'mark' ? first : style.color);
		const [a, b] = [light(color), light(behind(element))].sort((x, y) => y - x);
		found.push([(a + 0.05) / (b + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
	}
	return found;
"""


def dark():
	"""Both in the light and in the dark every text is readable: at least 4.5 to 1, WCAG's AA."""
	colors = []
	for night in (False, True):
		fresh("?prefix=192.0.2.0/24&asn=1")
		browser.dark(night)
		colors.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
		found = browser.run(CONTRAST)
		expect(len(found) > 50, f"{len(found)} texts")
		low = [pair for pair in found if pair[0] < 4.5]
		expect(not low, f"{'dark' if night else 'light'}: {low}")
	lightness = [sum(map(int, re.findall(r"\d+", color))) for color in colors]
	expect(lightness[0] > 3 * 230 and lightness[1] < 3 * 40, colors)


def narrow():
	"""Nothing but tables scrolls sideways, down to a width of 320 pixels and at twice the size of letters."""
	for width, zoom in ((360, 1), (320, 1), (768, 1), (1200, 1), (360, 1.5)):
		fresh("?prefix=2001:db8:0:1::/64&asn=4294967295")
		browser.size(width, 740)
		browser.run(f"document.documentElement.style.setProperty('font-size', '{16 * zoom}px')")
		wide = browser.run("return document.documentElement.scrollWidth")
		expect(wide <= width, f"at {width} the page is {wide} wide")
		out = browser.run("""
			return [...document.querySelectorAll('body *')].filter(e => !e.closest('.wide > *, .unseen, #lost')
				&& (e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5))
				.map(e => e.outerHTML.slice(0, 80));
		""")
		expect(not out, f"at {width}: {out}")
	fresh()
	browser.size(360, 740)
	small = browser.run("""
		return [...document.querySelectorAll('main *')].filter(e => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 12)
			.map(e => e.outerHTML.slice(0, 80));
	""")
	expect(not small, small)
	low = browser.run("return [...document.querySelectorAll('input, button')].map(e => e.getBoundingClientRect().height)")
	expect(min(low) >= 44, f"too low for a finger: {low}")


def accessible():
	"""What a screen reader is told: headings, landmarks, and a name for all that can be used."""
	fresh("?prefix=192.0.2.0/24&asn=64496")
	nodes = [n for n in browser.cdp("Accessibility.getFullAXTree")["nodes"] if not n.get("ignored")]
	tree = [(n["role"]["value"], n.get("name", {}).get("value", ""), n) for n in nodes]
	headings = [(next(p["value"]["value"] for p in n["properties"] if p["name"] == "level"), name.strip())
	            for role, name, n in tree if role == "heading"]
	expect(headings == [(1, "rtr-serve"), (2, "All is well"), (2, "The last 24 hours"), (2, "Validate a route"), (2, "Routers"),
	                    (2, "Last changes"), (2, "Trust anchors")], headings)
	roles = [role for role, name, n in tree]
	for landmark in ("banner", "main", "contentinfo", "navigation"):
		expect(roles.count(landmark) == 1, f"{roles.count(landmark)} {landmark}")
	named = {role: [name for r, name, n in tree if r == role]
	         for role in ("textbox", "button", "link", "table", "region", "image", "img", "columnheader", "rowheader", "status")}
	for role in ("textbox", "button", "link", "table", "region", "columnheader", "rowheader"):
		expect(named[role] and all(named[role]), f"{role}: {named[role]}")
	expect(named["textbox"] == ["Prefix", "Origin AS"] and named["button"] == ["Validate"], named)
	expect(len(named["table"]) == 4, named["table"])
	images = named["image"] + named["img"]
	expect(len(images) == 1 and "Lowest" in images[0] and "Records" in images[0], images)
	expect(len(named["status"]) == 2, "what is said when it changes")
	lang = browser.run("return document.documentElement.lang")
	expect(lang == "en", lang)


def keyboard():
	"""All that can be used is reached by the tab key, in the order in which it is read, and seen to be."""
	fresh("?prefix=192.0.2.0/24&asn=64496")
	seen = []
	for _ in range(30):
		browser.do("actions", {"actions": [{"type": "key", "id": "k", "actions": [
			{"type": "keyDown", "value": "\ue004"}, {"type": "keyUp", "value": "\ue004"}]}]})
		name, style, width = browser.run("""
			const e = document.activeElement, style = getComputedStyle(e);
			return [e.id || e.getAttribute('aria-labelledby') || e.innerText, style.outlineStyle, parseFloat(style.outlineWidth)];
		""")
		if seen and name == seen[0] or browser.run("return document.activeElement === document.body"):
			break
		expect(style != "none" and width >= 2, f"{name} is not seen to have the focus: {style} {width}")
		seen.append(name)
	expect(seen == ["prefix", "asn", "Validate", "vrps-caption", "clients-caption", "change-list-caption", "anchor-list-caption",
	                "metrics", "status", "clients", "table as JSON", "as CSV"], seen)


def hostile():
	"""Names and errors that want to be more than text."""
	fresh("?prefix=%22%3E%3Cscript%3Ewindow.bad=1%3C/script%3E&asn=%3Cimg%20src=x%20onerror=window.bad=1%3E")
	names = browser.run("return [...document.querySelectorAll('#anchor-list tbody th')].map(e => e.innerText)")
	for name in ("<script>window.bad=1</script>", "\"><b>'&", "Zürich 東京", "a�b", "שלום"):
		expect(name in names, names)
	expect("<img/src=x/onerror=window.bad=1>" in text("#state"), text("#state"))
	expect(text("#answer").startswith("No route: "), text("#answer"))
	expect(browser.run("return document.getElementById('prefix').value") == '"><script>window.bad=1</script>', "another value")
	expect(browser.run("return document.querySelectorAll('img, b, script, h1').length") == 2, "elements")
	expect(browser.run("return window.bad") is None, "a script ran")
	# A name from right to left moves nothing beside it.
	turned = browser.run("""
		const row = [...document.querySelectorAll('#anchor-list tbody tr')].find(r => r.innerText.includes('שלום'));
		return row.cells[0].getBoundingClientRect().left >= row.cells[1].getBoundingClientRect().left;
	""")
	expect(not turned, "a row was turned round")
	expect(browser.problems() == [], "complaints")


def many():
	"""More routers than are listed."""
	routers = [Router() for _ in range(210)]
	until(lambda: served(len(routers)))
	fresh()
	expect(browser.run("return document.querySelectorAll('#clients tbody th').length") == 200, "rows")
	last = browser.run("return [...document.querySelectorAll('#clients tbody tr')].at(-1).innerText")
	expect(last.startswith("and 10 more"), last)
	link = browser.run("return document.querySelector('#clients a').href")
	expect(link == URL + "clients", link)
	renew()
	browser.until("return performance.getEntriesByType('resource').length > 0")
	expect(browser.problems() == [], "complaints")


def upgraded():
	"""A page that another version of the program has made is loaded anew, and only such a one."""
	fresh()
	browser.run("window.kept = true")
	renew()
	browser.until("return performance.getEntriesByType('resource').length > 0")
	browser.run("document.querySelector('style').append('/* of another version */')")
	expect(browser.run("return window.kept"), "it was loaded anew without a reason")
	renew()
	browser.until("return document.readyState === 'complete' && !window.kept")


def lost():
	"""A page that hears nothing any more says so."""
	fresh()
	os.kill(int(os.environ["SERVER"]), 9)
	renew()
	browser.until("return document.getElementById('lost').innerText")
	expect(re.fullmatch(r"No answer since \d\d:\d\d:\d\d UTC: what is here is old\.", text("#lost")), text("#lost"))
	expect(browser.run("return document.getElementById('lost').getBoundingClientRect().height") > 20, "it is not seen")


if __name__ == "__main__":
	for check in sys.argv[1:]:
		print(check, flush=True)
		globals()[check]()
