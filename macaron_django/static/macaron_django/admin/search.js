/* Says below the search box, while one types, what DynamoDB would be asked. Without it, the list says so afterwards. */
"use strict";
(() => {
  const box = document.getElementById("searchbar");
  const line = document.getElementById("macaron-preview");
  if (!box || !line) return;
  box.setAttribute("aria-label", line.dataset.label); // the stock label is a picture
  let waiting = null;
  let asked = 0;

  const show = (text, isProblem, isScan) => {
    line.textContent = text;
    line.hidden = !text;
    line.classList.toggle("macaron-problem", isProblem);
    line.classList.toggle("macaron-scan", isScan);
  };

  const ask = async () => {
    const number = ++asked;
    if (!box.value.trim()) return show("", false, false);
    const address = new URL(line.dataset.url, window.location.href);
    new FormData(box.form).forEach((value, name) => address.searchParams.append(name, value));
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok || number !== asked) return;
      const plan = await answer.json();
      if (number !== asked) return;
      show(plan.problem || `${line.dataset.will} ${plan.sentence}`, Boolean(plan.problem), Boolean(plan.scan));
    } catch {
      /* the search itself will say what is wrong */
    }
  };

  box.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 250);
  });
})();
