// Deletes many items in batches, and shows the progress. The user can stop the deletion between two batches.
"use strict";

(function () {
  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  class Deletion {
    constructor(form) {
      this.form = form;
      this.words = form.dataset;
      this.keys = JSON.parse(form.elements.keys.value);
      this.box = form.querySelector(".macaron-progress");
      this.bar = this.box.querySelector("progress");
      this.status = this.box.querySelector("[role=status]");
      this.failures = this.box.querySelector("ul");
      this.stop = form.querySelector("[data-macaron-stop]");
      this.deleted = this.gone = this.failed = 0;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.run();
      });
      this.stop.addEventListener("click", () => {
        this.stopped = true;
        this.stop.disabled = true;
      });
    }

    async run() {
      this.form.querySelector("[type=submit]").hidden = true;
      this.form.querySelector(".cancel-link").hidden = true;
      for (const other of document.querySelectorAll(".macaron-across")) {
        other.remove();
      }
      this.box.hidden = this.stop.hidden = false;
      this.stop.focus();
      const size = Number(this.words.batch);
      for (let start = 0; start < this.keys.length && !this.stopped; start += size) {
        if (!(await this.send(this.keys.slice(start, start + size)))) {
          this.finish(this.words.unreachable);
          return;
        }
        this.tell();
      }
      this.finish(this.stopped && this.bar.value < this.bar.max ? this.words.stopped : this.words.done);
    }

    async send(keys) {
      const body = new URLSearchParams({ keys: JSON.stringify(keys) });
      body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
      try {
        const answer = await fetch(this.form.action, { method: "POST", body, headers: { Accept: "application/json" } });
        if (!answer.ok) {
          return false;
        }
        const told = await answer.json();
        this.deleted += told.deleted;
        this.gone += told.gone;
        this.failed += told.failed.length;
        this.failures.append(...told.failed.map((one) => element("li", `${one.key}: ${one.message}`)));
        this.bar.value += keys.length;
        return true;
      } catch (error) {
        return false;
      }
    }

    tell(last = "") {
      const parts = [`${this.deleted} ${this.words.deleted}`];
      if (this.gone) {
        parts.push(`${this.gone} ${this.words.gone}`);
      }
      if (this.failed) {
        parts.push(`${this.failed} ${this.words.failed}`);
      }
      this.status.textContent = `${last} ${parts.join(", ")}`.trim();
    }

    finish(last) {
      this.tell(last);
      this.stop.hidden = true;
      const back = this.form.querySelector(".cancel-link");
      back.textContent = this.words.back;
      back.hidden = false;
      back.focus();
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("[data-macaron-bulk]")) {
      new Deletion(form);
    }
  });
})();
