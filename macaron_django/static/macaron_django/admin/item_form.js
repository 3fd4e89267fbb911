// The item's form: controls that write into the text area, or the text area itself. The text is checked during typing.
"use strict";

(function (macaron) {
  const { Controls, element, button, parse, stringify, position } = macaron;
  const PAUSE = 400; // milliseconds from the last key press to the check
  const LARGE = 100000; // if the text has at least this many characters, it is shown first, not the controls

  class ItemForm {
    constructor(root) {
      const description = JSON.parse(root.querySelector("script[type='application/json']").textContent);
      this.root = root;
      this.words = description.words;
      this.maxSize = description.maxSize;
      this.text = root.querySelector("textarea");
      this.form = this.text.form;
      this.description = description;
      this.mode = "json";
      this.dirty = false;
      this.editor = null;
      this.build();
    }

    build() {
      const { words } = this;
      this.formButton = button(words.form, () => this.show("form"), { class: "macaron-mode", "aria-pressed": "false" });
      this.jsonButton = button(words.json, () => this.show("json"), { class: "macaron-mode", "aria-pressed": "true" });
      const modes = element("div", { class: "macaron-modes", role: "group", "aria-label": words.mode }, this.formButton, this.jsonButton);
      this.controls = element("div", { class: "macaron-controls", hidden: true });
      this.status = element("p", { class: "macaron-status", role: "status" });
      // The server's list of errors doesn't change when an error is corrected. So this list replaces it.
      this.listed = [...this.form.querySelectorAll("[data-macaron-problems]")];
      this.stored = this.listed.some((one) => one.dataset.macaronProblems === "stored");
      this.problems = element("ul");
      this.heading = element("h2", { id: "macaron-problems-title" });
      this.problemBox = element("section", { class: "macaron-violations", "aria-labelledby": "macaron-problems-title", tabindex: "-1", hidden: true }, this.heading, this.problems);
      this.text.before(this.problemBox, modes, this.controls);
      const bars = this.form.querySelectorAll(".submit-row");
      if (bars.length) {
        bars[bars.length - 1].append(this.status);
      } else {
        this.text.after(this.status);
      }
      this.text.addEventListener("input", () => this.changed());
      this.form.addEventListener("submit", () => {
        this.write();
        this.dirty = false;
      });
      window.addEventListener("beforeunload", (event) => {
        if (this.dirty) {
          event.preventDefault();
        }
      });
      for (const press of document.querySelectorAll("[data-macaron-take]")) {
        press.hidden = false;
        press.addEventListener("click", () => this.take(press));
      }
      if (this.text.value.length < LARGE) {
        this.show("form", false);
      }
      if (this.root.dataset.check) {
        this.check();
      }
    }

    show(mode, focus = true) {
      if (mode === "form") {
        let value;
        try {
          value = parse(this.text.value, this.words).value;
        } catch (error) {
          this.tell([this.placed(error)]);
          return;
        }
        if (!(value instanceof Map)) {
          this.check();
          return;
        }
        this.editor = new Controls(this.description, this.words, () => this.changed()).make(0, value, "", { hidden: this.description.hidden });
        this.controls.replaceChildren(this.editor.element);
      } else {
        this.write();
        this.editor = null;
      }
      this.mode = mode;
      this.controls.hidden = mode !== "form";
      this.text.hidden = mode === "form";
      this.formButton.setAttribute("aria-pressed", String(mode === "form"));
      this.jsonButton.setAttribute("aria-pressed", String(mode === "json"));
      if (focus) {
        (mode === "form" ? this.formButton : this.text).focus();
        this.check();
      }
    }

    // Copies the values of the controls to the text that is sent.
    write() {
      if (this.mode === "form" && this.dirty) {
        this.text.value = stringify(this.editor.get());
      }
    }

    changed() {
      this.dirty = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.check(), PAUSE);
    }

    placed(error) {
      return { pointer: "", message: error.message, ...position(this.text.value, error.offset || 0) };
    }

    async check() {
      this.write();
      if (this.request) {
        this.request.abort();
      }
      const request = (this.request = new AbortController());
      try {
        parse(this.text.value, this.words);
      } catch (error) {
        this.tell([this.placed(error)]);
        return;
      }
      try {
        const answer = await fetch(this.root.dataset.validateUrl, {
          method: "POST",
          body: this.text.value,
          signal: request.signal,
          headers: {
            "Content-Type": "text/plain; charset=utf-8",
            "X-CSRFToken": this.form.querySelector("[name=csrfmiddlewaretoken]").value,
          },
        });
        if (!answer.ok) {
          throw new Error(answer.statusText);
        }
        const found = await answer.json();
        this.tell(found.errors, found.size);
      } catch (error) {
        if (error.name !== "AbortError") {
          this.status.textContent = this.words.unchecked;
        }
      }
    }

    tell(errors, size) {
      const { words } = this;
      for (const told of this.controls.querySelectorAll(".macaron-error")) {
        told.remove();
      }
      for (const wrong of this.controls.querySelectorAll("[aria-invalid]")) {
        wrong.removeAttribute("aria-invalid");
        this.describe(wrong, null);
      }
      this.text.toggleAttribute("aria-invalid", errors.length > 0);
      this.status.classList.toggle("macaron-invalid", errors.length > 0);
      const weight = size === undefined || size === null ? "" : ` · ${size.toLocaleString()} / ${this.maxSize.toLocaleString()} ${words.bytes}`;
      this.status.replaceChildren(errors.length ? button(`${words.problems}: ${errors.length}`, () => this.problemBox.focus(), { class: "macaron-link" }) : words.valid + weight);
      this.heading.textContent = this.stored && !this.dirty ? words.stored : words.problems;
      this.problemBox.hidden = errors.length === 0;
      for (const list of this.listed.splice(0)) {
        list.remove();
      }
      const note = this.form.querySelector(".errornote");
      if (note && errors.length === 0 && !this.form.querySelector(".errorlist")) {
        note.remove();
      }
      const places = this.places();
      const editors = new Map();
      if (this.editor) {
        this.editor.visit("", (pointer, found) => editors.set(pointer, found));
      }
      this.problems.replaceChildren(...errors.map((error) => this.problem(error, places, this.mark(error, editors))));
    }

    // Returns the places of all values in the text.
    places() {
      try {
        return parse(this.text.value).places;
      } catch (error) {
        return new Map();
      }
    }

    // Shows an error beside the control of its place. If that place has no control, uses the nearest one around it.
    mark(error, editors) {
      let { pointer } = error;
      while (pointer && !editors.has(pointer)) {
        pointer = pointer.slice(0, pointer.lastIndexOf("/"));
      }
      const found = pointer ? editors.get(pointer) : null;
      if (!found) {
        return null;
      }
      const inner = error.pointer === pointer ? "" : `${error.pointer.slice(pointer.length)}: `;
      const told = element("p", { class: "macaron-error", id: `macaron-error-${Math.random().toString(36).slice(2)}` }, inner + error.message);
      const box = found.element.closest(".macaron-slot, .macaron-element, .macaron-other") || found.element;
      (box.querySelector(".macaron-element-body") || box).append(told);
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(found.control.tagName)) {
        found.control.setAttribute("aria-invalid", "true");
        this.describe(found.control, told.id);
      }
      return found.control;
    }

    // Sets the texts that a screen reader reads with a control: its help and, if errorId is given, its error.
    describe(control, errorId) {
      const kept = (control.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && !id.startsWith("macaron-error"));
      const ids = errorId ? [...kept, errorId] : kept;
      if (ids.length) {
        control.setAttribute("aria-describedby", ids.join(" "));
      } else {
        control.removeAttribute("aria-describedby");
      }
    }

    problem(error, places, control) {
      const offset = places.get(error.pointer);
      const place = error.line ? error : offset === undefined ? null : position(this.text.value, offset);
      // Among the controls, a place is shown as the labels that lead to it. In the text, it is shown as a pointer.
      const path = this.mode === "form" ? error.pointer.split("/").slice(1).map((step) => step.replace(/~1/g, "/").replace(/~0/g, "~")).join(" → ") : error.pointer;
      const where = [path, this.mode === "json" && place ? `${this.words.line} ${place.line}:${place.column}` : ""];
      const label = `${where.filter(Boolean).join(", ")}${where.some(Boolean) ? ": " : ""}${error.message}`;
      const go = () => {
        if (this.mode === "form" && control) {
          (control.matches("input, select, textarea") ? control : control.querySelector("input, select, textarea, button") || control).focus();
        } else if (this.mode === "json") {
          const start = offset === undefined && place ? this.offset(place) : offset || 0;
          this.text.focus();
          this.text.setSelectionRange(start, start);
        }
      };
      return element("li", {}, button(label, go, { class: "macaron-link" }));
    }

    offset({ line, column }) {
      return this.text.value.split("\n").slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    }

    // Uses the other user's value of a property.
    take(press) {
      this.write();
      const value = parse(this.text.value, this.words).value;
      if (press.dataset.macaronValue === undefined) {
        value.delete(press.dataset.macaronTake);
      } else {
        value.set(press.dataset.macaronTake, parse(press.dataset.macaronValue).value);
      }
      this.text.value = stringify(value);
      this.dirty = true;
      if (this.mode === "form") {
        this.dirty = false; // the text is newer than the controls
        this.show("form", false);
        this.dirty = true;
      }
      press.replaceWith(element("span", { class: "macaron-state", role: "status" }, this.words.taken));
      this.check();
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll("[data-macaron-editor]")) {
      new ItemForm(root);
    }
  });
})(window.macaronAdmin);
