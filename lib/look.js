
/* SPDX-License-Identifier: ISC */
"use strict";
(() => {
	const pause = 10000, patience = 8000;
	const said = document.getElementById("said"), lost = document.getElementById("lost");
	const form = document.querySelector("form");
	let timer, turn = 0;

	/* Nothing is taken away from under who is just there. */
	function inUse(element) {
		const selection = getSelection();

		return element.contains(document.activeElement) && document.activeElement !== document.body ||
			!selection.isCollapsed && selection.containsNode(element, true);
	}

	/* What the page is made with: another version of the program may have another. */
	const made = page => [...page.querySelectorAll("style, script")].map(part => part.textContent).join("");

	function takeOver(page) {
		if (made(page) !== made(document)) {
			location.reload();
			return;
		}
		for (const old of document.querySelectorAll("[data-live]")) {
			const now = page.getElementById(old.id);

			if (!now || inUse(old) || old.outerHTML === now.outerHTML)
				continue;
			old.className = now.className;
			old.replaceChildren(...now.childNodes);
		}
		if (document.title !== page.title) {
			document.title = page.title;
			document.getElementById("icon").href = page.getElementById("icon").href;
			said.textContent = page.title;
		}
	}

	async function renew() {
		const mine = ++turn;

		clearTimeout(timer);
		try {
			const answer = await fetch(location.href, {
				cache: "no-store", headers: {accept: "text/html"}, signal: AbortSignal.timeout(patience),
			});
			const text = await answer.text();

			if (!answer.ok)
				throw new Error(answer.status);
			if (mine === turn)
				takeOver(new DOMParser().parseFromString(text, "text/html"));
			lost.textContent = "";
		} catch {
			if (!lost.textContent)
				lost.textContent = `No answer since ${new Date().toISOString().slice(11, 19)} UTC: what is here is old.`;
		}
		if (mine === turn)
			timer = setTimeout(renew, pause);
	}

	if (form)
		form.addEventListener("submit", event => {
			event.preventDefault();
			history.replaceState(null, "", "?" + new URLSearchParams(new FormData(form)));
			renew();
		});
	document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : renew());
	timer = setTimeout(renew, pause);
})();
