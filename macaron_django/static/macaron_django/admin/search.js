/* The search box. During typing, shows the call to DynamoDB below the box, and suggests names and values. */
"use strict";
(() => {
  const box = document.getElementById("searchbar");
  const line = document.getElementById("macaron-preview");
  if (!box || !line) return;
  box.setAttribute("aria-label", line.dataset.label); // Django's own label is an image
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
      const told = [`${line.dataset.will} ${plan.sentence}`, ...plan.remarks].join(". ");
      show(plan.problem || told, Boolean(plan.problem), Boolean(plan.scan));
    } catch {
      /* the search itself will show the error */
    }
  };

  // -- suggestions: names; after a name and an operator, the values of an enum ----------------

  const names = JSON.parse(document.getElementById("macaron-names").textContent);
  const list = document.createElement("ul");
  const MOST = 12;
  list.id = "macaron-suggestions";
  list.className = "macaron-suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", line.dataset.suggestions);
  list.hidden = true;
  box.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"], ["autocomplete", "off"]]) {
    box.setAttribute(name, value);
  }
  let active = -1;

  // Returns the part of the text before the caret that a suggestion would replace, and the suggestions for it.
  const offered = () => {
    const before = box.value.slice(0, box.selectionStart);
    const [token] = /[^\s(]*$/.exec(before);
    const sign = /^(.+?)(=|!=|:)(?:.*,)?([^,]*)$/.exec(token);
    const [part, choices] = sign
      ? [sign[3], (names.find((one) => one.name === sign[1]) || { values: [] }).values]
      : [token, names.map((one) => `${one.name}=`)];
    const wanted = part.toLowerCase();
    const matching = choices.filter((one) => one.toLowerCase().includes(wanted) && one !== part);
    matching.sort((one, other) => Number(other.toLowerCase().startsWith(wanted)) - Number(one.toLowerCase().startsWith(wanted)));
    return { start: before.length - part.length, choices: part || sign ? matching.slice(0, MOST) : [] };
  };

  const select = (index) => {
    active = index;
    [...list.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === index)));
    if (index < 0) {
      box.removeAttribute("aria-activedescendant");
    } else {
      box.setAttribute("aria-activedescendant", list.children[index].id);
      list.children[index].scrollIntoView({ block: "nearest" });
    }
  };

  const close = () => {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    select(-1);
  };

  const take = (choice) => {
    const { start } = offered();
    const rest = box.value.slice(box.selectionStart);
    const text = choice.endsWith("=") || rest.startsWith(" ") ? choice : `${choice} `;
    box.value = box.value.slice(0, start) + text + rest;
    box.setSelectionRange(start + text.length, start + text.length);
    box.dispatchEvent(new Event("input"));
  };

  const suggest = () => {
    const { choices } = offered();
    list.replaceChildren(...choices.map((choice, index) => {
      const option = document.createElement("li");
      option.id = `macaron-suggestion-${index}`;
      option.setAttribute("role", "option");
      option.textContent = choice;
      option.addEventListener("mousedown", (event) => {
        event.preventDefault(); // the box keeps the focus
        take(choice);
      });
      return option;
    }));
    list.hidden = choices.length === 0;
    if (list.offsetParent) {
      const [place, around] = [box.getBoundingClientRect(), list.offsetParent.getBoundingClientRect()];
      list.style.left = `${place.left - around.left}px`;
      list.style.top = `${place.bottom - around.top}px`;
      list.style.minWidth = `${place.width}px`;
    }
    box.setAttribute("aria-expanded", String(choices.length > 0));
    select(-1);
  };

  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const count = list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      select(event.key === "ArrowDown" ? (active + 1) % count : (active - 1 + count) % count);
    } else if (event.key === "Enter" && active >= 0) {
      take(list.children[active].textContent);
    } else if (event.key === "Escape") {
      close();
    } else {
      return;
    }
    event.preventDefault();
  });
  box.addEventListener("blur", close);
  box.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 250);
    suggest();
  });
})();
