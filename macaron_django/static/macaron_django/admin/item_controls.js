// Controls for a value, made from a node of the form's description (form_descriptions.py).
//
// make(place, value, options) returns an editor: { element, get(), focus(), visit(pointer, see) }. If the user doesn't
// touch a control, get() returns the original value. A control may show the value in another form (a text without \r, a
// number with fewer digits), but this form never gets into the item. undefined means that a value isn't set.
"use strict";

(function (macaron) {
  const { ExactNumber, parse, stringify, isNumber, token } = macaron;

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) {
        made.addEventListener(key.slice(2), value);
      } else if (value === true) {
        made.setAttribute(key, "");
      } else if (value !== false && value !== undefined && value !== null) {
        made.setAttribute(key, value);
      }
    }
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }

  function button(label, press, attributes = {}) {
    return element("button", { type: "button", class: "macaron-button", onclick: press, ...attributes }, label);
  }

  let count = 0;
  function fresh(prefix) {
    count += 1;
    return `macaron-${prefix}-${count}`;
  }

  function same(one, other) {
    return stringify(one) === stringify(other);
  }

  const OFFSET = /(?:[Zz]|[+-]\d\d:\d\d)$/;

  // Returns the browser's offset from UTC at a local time, in the notation of RFC 3339.
  function offsetAt(local) {
    const minutes = -new Date(local).getTimezoneOffset();
    const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
    return minutes ? `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}` : "Z";
  }

  const TEXT_TYPES = { date: "date", email: "email", uri: "url", password: "password" };
  const EMPTY = { text: "", boolean: false };
  const ANY = ["text", "number", "boolean", "null", "list", "object"];
  const TYPES = { string: "text", number: "number", integer: "number", boolean: "boolean", array: "list", object: "object" };

  class Controls {
    constructor(description, words, changed) {
      this.nodes = description.nodes;
      this.maxSize = description.maxSize;
      this.words = words;
      this.changed = changed;
    }

    node(place) {
      return typeof place === "number" ? this.nodes[place] : place;
    }

    // Returns a score that says how well a value fits a node. 0 means that it doesn't fit.
    fits(place, value) {
      const node = this.node(place);
      if (value === null) {
        return node.nullable || node.kind === "any" ? 1 : 0;
      }
      switch (node.kind) {
        case "enum":
          return node.values.some((choice) => same(parse(choice.json).value, value)) ? 3 : 0;
        case "choice":
          return Math.max(0, ...node.branches.map((branch) => this.fits(branch.node, value)));
        case "string":
          return typeof value === "string" ? 2 : 0;
        case "number":
          return value instanceof ExactNumber ? 2 : 0;
        case "boolean":
          return typeof value === "boolean" ? 2 : 0;
        case "array":
          return Array.isArray(value) ? 2 : 0;
        case "object":
          return value instanceof Map ? this.fitsObject(node, value) : 0;
        default:
          return 1;
      }
    }

    fitsObject(node, value) {
      let score = 1;
      let doubtful = false; // if a value isn't in its enum, the object is probably of another kind
      const known = new Set();
      for (const { name, node: inner, required } of node.properties) {
        known.add(name);
        const member = value.get(name);
        if (member === undefined) {
          score -= required ? 0.5 : 0;
        } else if (this.fits(inner, member) === 0) {
          doubtful = doubtful || this.node(inner).kind === "enum";
        } else {
          score += 1;
        }
      }
      if (node.additional === false) {
        score -= [...value.keys()].filter((name) => !known.has(name)).length * 0.5;
      }
      return doubtful ? 0.05 + Math.max(score, 0) / 1e6 : Math.max(score, 0.1);
    }

    // Returns the editor of a value. If the value doesn't fit its schema, the editor shows its JSON.
    make(place, value, label, options = {}) {
      const node = this.node(place);
      if (node.kind === "enum" && value !== undefined && !(value instanceof Map) && !Array.isArray(value)) {
        return this.enum(node, value, label, options);
      }
      if ((value === null && node.kind !== "any") || (value !== undefined && this.fits(node, value) === 0)) {
        return this.raw(value, label, options);
      }
      return this[node.kind](node, value, label, options);
    }

    // -- one value -----------------------------------------------------------------------------

    // Returns the editor of a scalar value. Until the user types something, get() returns the original value.
    scalar(control, value, read, label, options) {
      let current = value;
      control.id = control.id || fresh("control");
      control.setAttribute("aria-label", label);
      control.addEventListener("input", () => {
        current = read();
        if (options.typed) {
          options.typed(current);
        }
        this.changed();
      });
      return {
        element: control,
        control,
        get: () => current,
        focus: () => control.focus(),
        visit: (pointer, see) => see(pointer, { element: control, control }),
      };
    }

    string(node, value, label, options) {
      if (node.octets) {
        return this.octets(value, label, options);
      }
      const text = value === undefined ? "" : value;
      const area = node.long || /[\r\n]/.test(text) || text.length > 200;
      // If the browser can't show a date, a date control would look empty, so the control is a text input.
      const shown = node.format === "date" && text && !/^\d{4}-\d\d-\d\d$/.test(text) ? undefined : TEXT_TYPES[node.format];
      const control = area
        ? element("textarea", { rows: Math.min(12, Math.max(3, text.split("\n").length)), spellcheck: "false" })
        : element("input", { type: shown || "text", autocomplete: shown === "password" ? "new-password" : "off" });
      control.value = text;
      if (node.format === "date-time") {
        control.placeholder = "2026-01-31T12:00:00Z";
      }
      const editor = this.scalar(control, value, () => (shown === "date" && control.value === "" ? undefined : control.value), label, options);
      control.dir = shown ? "" : "auto";
      if (area || (node.format !== "date-time" && node.format !== "time")) {
        return editor;
      }
      const write = (typed) => {
        control.value = typed;
        control.dispatchEvent(new Event("input"));
        control.focus();
      };
      const now = node.format === "time" ? null : button(this.words.now, () => write(new Date().toISOString()), { "aria-label": `${this.words.now}: ${label}` });
      return { ...editor, element: element("span", { class: "macaron-inline" }, control, this.picker(node, control, label, write), now) };
    }

    // Returns the browser's picker for a date-time or a time. The picker keeps the typed offset from UTC.
    picker(node, control, label, write) {
      const isTime = node.format === "time";
      const pick = element("input", { type: isTime ? "time" : "datetime-local", step: "1", class: "macaron-picker", tabindex: "-1", "aria-hidden": "true" });
      pick.addEventListener("change", () => {
        if (pick.value) {
          const seconds = /:\d\d:/.test(pick.value) ? "" : ":00";
          const [offset] = OFFSET.exec(control.value) || [isTime ? "Z" : offsetAt(pick.value)];
          write(pick.value + seconds + offset);
        }
      });
      const open = button(this.words.pick, () => {
        pick.value = control.value.replace(OFFSET, "").replace(/\.\d+$/, "");
        try {
          pick.showPicker();
        } catch (error) {
          pick.focus(); // old browsers have no showPicker()
        }
      }, { "aria-label": `${this.words.pick} ${label}` });
      return element("span", { class: "macaron-pick" }, open, pick);
    }

    // Returns the editor of a binary value: base64 that is typed, or that is read from a file.
    octets(value, label, options) {
      const control = element("textarea", { rows: 2, spellcheck: "false", class: "macaron-json" });
      const size = element("span", { class: "macaron-state", role: "status" });
      const measure = () => {
        const octets = Math.floor((control.value.replace(/=+$/, "").length * 3) / 4);
        size.textContent = control.value ? `${octets.toLocaleString()} ${this.words.bytes}` : "";
      };
      control.value = value === undefined ? "" : value;
      control.addEventListener("input", measure);
      measure();
      const file = element("input", { type: "file", "aria-label": `${this.words.file}: ${label}` });
      file.addEventListener("change", () => {
        const [chosen] = file.files;
        if (chosen && chosen.size > this.maxSize) {
          size.textContent = this.words.fileTooLarge;
        } else if (chosen) {
          const reader = new FileReader();
          reader.addEventListener("load", () => {
            control.value = reader.result.slice(reader.result.indexOf(",") + 1);
            control.dispatchEvent(new Event("input"));
          });
          reader.addEventListener("error", () => { size.textContent = this.words.fileUnread; });
          reader.readAsDataURL(chosen);
        }
      });
      const editor = this.scalar(control, value, () => control.value, label, options);
      return { ...editor, element: element("div", { class: "macaron-octets" }, control, element("div", { class: "macaron-file" }, file, size)) };
    }

    number(node, value, label, options) {
      const control = element("input", { type: "text", inputmode: node.integer ? "numeric" : "decimal", autocomplete: "off", class: "macaron-number" });
      control.value = value === undefined ? "" : value.text;
      // If the text isn't a number, it is sent as a string. Then the server reports an error at this place.
      return this.scalar(control, value, () => {
        const typed = control.value.trim();
        return typed === "" ? undefined : isNumber(typed) ? new ExactNumber(typed) : typed;
      }, label, options);
    }

    select(choices, value, label, options) {
      const control = element("select");
      if (value === undefined) {
        control.append(element("option", { value: "" }, "—"));
      }
      choices.forEach((choice, index) => {
        control.append(element("option", { value: index, selected: value !== undefined && same(choice.value, value) }, choice.label));
      });
      return this.scalar(control, value, () => (control.value === "" ? undefined : choices[control.value].value), label, options);
    }

    enum(node, value, label, options) {
      const choices = node.values.map((choice) => ({ label: choice.label, value: parse(choice.json).value }));
      if (value !== undefined && !choices.some((choice) => same(choice.value, value))) {
        const text = typeof value === "string" ? value : stringify(value);
        choices.unshift({ label: `${text} (${this.words.notAllowed})`, value });
      }
      return this.select(choices, value, label, options);
    }

    boolean(node, value, label, options) {
      return this.select([{ label: "true", value: true }, { label: "false", value: false }], value, label, options);
    }

    raw(value, label, options) {
      const text = value === undefined ? "" : stringify(value);
      const control = element("textarea", { rows: Math.min(12, text.split("\n").length), spellcheck: "false", class: "macaron-json" });
      control.value = text;
      return this.scalar(control, value, () => {
        try {
          control.setCustomValidity("");
          return parse(control.value).value;
        } catch (error) {
          control.setCustomValidity(this.words.notJson);
          return control.value;
        }
      }, label, options);
    }

    nothing() {
      return { element: element("span"), get: () => null, focus: () => undefined, visit: () => undefined };
    }

    // -- several kinds -------------------------------------------------------------------------

    choice(node, value, label, options) {
      const kinds = node.branches.map((branch) => ({
        label: branch.label,
        score: (given) => {
          const told = branch.property && given instanceof Map ? given.get(branch.property) : undefined;
          return told === undefined ? this.fits(branch.node, given) : told === branch.value ? 100 : 0;
        },
        make: (given) => {
          const start = given === undefined ? this.empty(branch.node) : given;
          if (branch.property && start instanceof Map) {
            start.set(branch.property, branch.value);
          }
          return this.make(this.branch(branch), start, label, { hidden: options.hidden });
        },
      }));
      return this.kinds(kinds, value, label, options);
    }

    // Returns the node of a branch. If it has a discriminator, the chosen kind sets the discriminator's value.
    branch({ node: place, property: told }) {
      const node = this.node(place);
      const fixed = (property) => (property.name === told ? { ...property, fixed: true } : property);
      return node.kind === "object" && told ? { ...node, properties: node.properties.map(fixed) } : place;
    }

    any(node, value, label, options) {
      const names = [...new Set((node.types || []).map((type) => TYPES[type]))].filter(Boolean);
      if (names.length && node.nullable) {
        names.push("null");
      }
      const nodes = {
        text: { kind: "string" },
        number: { kind: "number" },
        boolean: { kind: "boolean" },
        list: { kind: "array", items: null },
        object: { kind: "object", additional: true, properties: [] },
      };
      const kinds = (names.length ? names : ANY).map((name) => ({
        label: this.words[name],
        score: (given) => (name === "null" || given === null ? Number(name === "null" && given === null) : this.fits(nodes[name], given)),
        make: (given) => (name === "null" ? this.nothing() : this.make(nodes[name], given === undefined ? this.emptyOf(name) : given, label)),
      }));
      return this.kinds(kinds, value, label, options);
    }

    kinds(kinds, value, label, options) {
      const scores = value === undefined ? [] : kinds.map((kind) => kind.score(value));
      const best = scores.length ? scores.indexOf(Math.max(...scores)) : 0;
      const fit = value !== undefined && scores[best] === 0 ? -1 : best;
      const body = element("div", { class: "macaron-kind-body" });
      const control = element("select", { class: "macaron-kind", "aria-label": `${this.words.kind}: ${label}` });
      kinds.forEach((kind, index) => control.append(element("option", { value: index, selected: index === fit }, kind.label)));
      let editor;
      const show = (made) => {
        editor = made;
        body.replaceChildren(editor.element);
      };
      if (fit < 0) {
        control.prepend(element("option", { value: -1, selected: true }, this.words.other));
        show(this.raw(value, label, options));
      } else {
        show(kinds[fit].make(value));
      }
      control.addEventListener("change", () => {
        const before = editor.get();
        const kind = kinds[control.value];
        show(kind ? kind.make(this.carried(before, kind)) : this.raw(before, label, options));
        this.changed();
      });
      return {
        element: element("div", { class: "macaron-choice" }, control, body),
        get: () => editor.get(),
        focus: () => control.focus(),
        visit: (pointer, see) => {
          see(pointer, { element: body, control });
          editor.visit(pointer, see);
        },
      };
    }

    // Returns the value for the kind that the user changes to: the old object, if that kind has some of its properties.
    carried(before, kind) {
      return before instanceof Map && kind.score(before) > 0 ? before : undefined;
    }

    emptyOf(name) {
      return name === "list" ? [] : name === "object" ? new Map() : EMPTY[name];
    }

    // Returns the initial value of a property or element that is added.
    empty(place) {
      const node = this.node(place);
      if (node.default !== undefined) {
        return parse(node.default).value;
      }
      switch (node.kind) {
        case "string":
          return node.format ? undefined : "";
        case "array":
          return [];
        case "object":
          return new Map();
        case "enum":
          return node.values.length === 1 ? parse(node.values[0].json).value : undefined;
        default:
          return undefined;
      }
    }

    // -- objects -------------------------------------------------------------------------------

    object(node, value, label, { hidden = {} } = {}) {
      const given = value === undefined ? new Map() : value;
      const body = element("div", { class: "macaron-properties" });
      const slots = new Map();
      for (const property of node.properties) {
        const slot = this.slot(property, given.get(property.name), Object.hasOwn(hidden, property.name) ? hidden[property.name] : undefined);
        slots.set(property.name, slot);
        body.append(slot.element);
      }
      const others = this.others(node, given, slots, label);
      body.append(others.element);
      return {
        element: body,
        get: () => {
          const object = new Map();
          for (const [name, slot] of slots) {
            const held = slot.get();
            if (held !== undefined) {
              object.set(name, held);
            }
          }
          others.into(object);
          return object;
        },
        focus: () => {
          const first = body.querySelector("input, select, textarea, button");
          if (first) {
            first.focus();
          }
        },
        visit: (pointer, see) => {
          see(pointer, { element: body, control: body });
          for (const [name, slot] of slots) {
            slot.visit(`${pointer}/${token(name)}`, see);
          }
          others.visit(pointer, see);
        },
      };
    }

    // Returns the editor of additional properties. Users type their names.
    others(node, given, slots, label) {
      const rows = [];
      const list = element("div", { class: "macaron-others" });
      const members = typeof node.additional === "number" ? node.additional : { kind: "any" };
      const append = (name, held) => {
        const nameControl = element("input", { type: "text", value: name, class: "macaron-name", autocomplete: "off", "aria-label": this.words.name });
        const box = element("div", { class: "macaron-other" });
        const row = { get name() { return nameControl.value; }, element: box };
        row.editor = this.make(members, held, `${label} ${name}`.trim());
        nameControl.addEventListener("input", () => {
          const twice = slots.has(nameControl.value) || rows.some((other) => other !== row && other.name === nameControl.value);
          nameControl.setCustomValidity(twice ? this.words.twice : "");
          nameControl.classList.toggle("macaron-wrong", twice);
          this.changed();
        });
        const remove = button(this.words.remove, () => {
          rows.splice(rows.indexOf(row), 1);
          box.remove();
          (add || list).focus();
          this.changed();
        }, { "aria-label": `${this.words.remove} ${name}` });
        box.append(element("div", { class: "macaron-other-head" }, nameControl, remove), row.editor.element);
        row.focus = () => nameControl.focus();
        rows.push(row);
        list.append(box);
        return row;
      };
      for (const [name, held] of given) {
        if (!slots.has(name)) {
          append(name, held);
        }
      }
      const add = node.additional === false ? null : button(this.words.addProperty, () => {
        append("", this.empty(members)).focus();
        this.changed();
      }, { class: "macaron-button macaron-add", "aria-label": label ? `${this.words.addProperty}: ${label}` : this.words.addProperty });
      return {
        element: element("div", {}, list, add),
        into: (object) => {
          for (const row of rows) {
            const held = row.editor.get();
            if (held !== undefined) {
              object.set(row.name, held);
            }
          }
        },
        visit: (pointer, see) => {
          for (const row of rows) {
            see(`${pointer}/${token(row.name)}`, { element: row.element, control: row.element.querySelector("input") });
            row.editor.visit(`${pointer}/${token(row.name)}`, see);
          }
        },
      };
    }

    // Returns the row of a property: its label, its state (not set, null, a value) and its editor.
    // hidden: true if a secret is stored, or an object with the places of the secrets inside the value.
    slot(property, value, hidden) {
      const { words } = this;
      const node = this.node(property.node);
      const label = property.name;
      const helpId = fresh("help");
      const state = element("span", { class: "macaron-state" });
      const body = element("div", { class: "macaron-value" });
      const actions = element("span", { class: "macaron-actions" });
      const grouped = node.kind === "object" || node.kind === "array" || node.kind === "choice" || node.kind === "any";
      const caption = element(grouped ? "span" : "label", { class: "macaron-label", id: fresh("label") }, label, property.required ? element("span", { class: "macaron-required", title: words.required }, " *") : null);
      let editor = null;
      let current = value;

      const describe = (held) => {
        const states = [];
        if (property.secret) {
          states.push(held === undefined ? (hidden ? words.secretSet : words.unset) : hidden ? words.secretReplaced : words.secretNew);
        } else if (held === undefined) {
          states.push(words.unset, property.generated ? words.generated : null);
          if (node.default !== undefined) {
            states.push(`${words.default} ${node.default}`);
          }
        } else if (held === null) {
          states.push(words.null);
        } else if (held === "") {
          states.push(words.empty);
        }
        state.textContent = states.filter(Boolean).join(", ");
        clear.hidden = held === undefined || (property.required === true && !(property.secret && hidden));
        none.hidden = !node.nullable || held === null;
      };
      const show = (held, focus) => {
        current = held;
        if (held === null) {
          editor = null;
          body.replaceChildren(button(`${words.add} ${label}`, () => change(this.empty(property.node), true), { class: "macaron-button macaron-add" }));
        } else if (held === undefined && grouped) {
          editor = null;
          body.replaceChildren(button(`${words.add} ${label}`, () => change(this.start(property.node), true), { class: "macaron-button macaron-add" }));
        } else {
          editor = this.make(property.node, held, label, { typed: describe, hidden: property.secret ? undefined : hidden, set: property.set });
          body.replaceChildren(editor.element);
          if (editor.control) {
            caption.htmlFor = editor.control.id;
            editor.control.removeAttribute("aria-label");
            editor.control.setAttribute("aria-describedby", helpId);
            editor.control.required = false;
          }
        }
        describe(held);
        if (focus) {
          (editor || body.querySelector("button")).focus();
        }
      };
      const change = (held, focus) => {
        show(held, focus);
        this.changed();
      };
      const clear = button(words.clear, () => change(undefined, true), { "aria-label": `${words.clear} ${label}` });
      const none = button("null", () => change(null, true), { "aria-label": `${words.setNull}: ${label}` });
      actions.append(state, none, clear);
      const limits = element("p", { class: "macaron-help", id: helpId }, node.help || "");
      const box = grouped
        ? element("div", { class: "macaron-slot macaron-group", role: "group", "aria-labelledby": caption.id })
        : element("div", { class: "macaron-slot" });
      box.dataset.property = property.name;
      box.append(element("div", { class: "macaron-head" }, caption, actions), body, limits);
      limits.hidden = !node.help;
      if (property.fixed) {
        actions.replaceChildren(state);
        state.textContent = words.fixed;
        caption.removeAttribute("for");
        const shown = typeof value === "string" ? value : value === undefined ? words.unset : stringify(value);
        body.append(element("output", { class: "macaron-fixed", "aria-labelledby": caption.id }, shown));
        return { element: box, get: () => value, visit: (pointer, see) => see(pointer, { element: box, control: body.firstChild }) };
      }
      show(value, false);
      return {
        element: box,
        get: () => (editor ? editor.get() : current),
        visit: (pointer, see) => {
          see(pointer, { element: box, control: (editor && editor.control) || box });
          if (editor) {
            editor.visit(pointer, see);
          }
        },
      };
    }

    // Like empty(), but never returns undefined for a choice or any type, because these need a value to show an editor.
    start(place) {
      const node = this.node(place);
      const made = this.empty(node);
      if (made !== undefined || !["choice", "any"].includes(node.kind)) {
        return made;
      }
      const first = node.kind === "any" ? { kind: "string" } : this.node(node.branches[0].node);
      const begun = this.start(first);
      return begun === undefined ? { number: new ExactNumber("0"), boolean: false }[first.kind] || "" : begun;
    }

    // -- arrays --------------------------------------------------------------------------------

    // A DynamoDB set has no order, so its elements can't be moved and have no numbers.
    array(node, value, label, { hidden = {}, set = false } = {}) {
      const items = node.items === null || node.items === undefined ? { kind: "any" } : node.items;
      const rows = [];
      const list = element(set ? "ul" : "ol", { class: "macaron-list" });
      const said = element("span", { class: "visually-hidden", role: "status" });
      const renumber = () => {
        rows.forEach((row, place) => {
          row.head.textContent = set ? "•" : `${place}`;
          row.up.disabled = place === 0;
          row.down.disabled = place === rows.length - 1;
          for (const [press, word] of [[row.up, this.words.up], [row.down, this.words.down], [row.remove, this.words.remove]]) {
            press.setAttribute("aria-label", `${word}: ${label} ${place}`);
          }
          if (row.editor.control) {
            row.editor.control.setAttribute("aria-label", `${label} ${place}`);
          }
        });
      };
      const move = (row, by, press) => {
        const place = rows.indexOf(row);
        rows.splice(place, 1);
        rows.splice(place + by, 0, row);
        list.insertBefore(row.element, list.children[place + by + (by > 0 ? 1 : 0)] || null);
        renumber();
        (press.disabled ? (by > 0 ? row.up : row.down) : press).focus();
        said.textContent = `${this.words.moved} ${place + by}`;
        this.changed();
      };
      const append = (held, stored) => {
        const row = { head: element("span", { class: "macaron-index", "aria-hidden": "true" }) };
        row.editor = this.make(items, held, `${label} ${rows.length}`, { hidden: stored });
        row.up = button("↑", () => move(row, -1, row.up));
        row.down = button("↓", () => move(row, 1, row.down));
        row.remove = button("×", () => {
          const place = rows.indexOf(row);
          rows.splice(place, 1);
          row.element.remove();
          renumber();
          (rows[place] ? rows[place].remove : add).focus();
          this.changed();
        });
        row.element = element("li", { class: "macaron-element" }, row.head, element("div", { class: "macaron-element-body" }, row.editor.element), element("span", { class: "macaron-actions" }, set ? null : row.up, set ? null : row.down, row.remove));
        rows.push(row);
        list.append(row.element);
        return row;
      };
      const add = button(`${this.words.add} ${label}`, () => {
        const row = append(this.start(items));
        renumber();
        row.editor.focus();
        this.changed();
      }, { class: "macaron-button macaron-add" });
      (value || []).forEach((held, place) => append(held, hidden[place]));
      renumber();
      return {
        element: element("div", {}, list, add, said),
        get: () => rows.map((row) => row.editor.get()).map((held) => (held === undefined ? "" : held)),
        focus: () => add.focus(),
        visit: (pointer, see) => {
          see(pointer, { element: list, control: list });
          rows.forEach((row, place) => {
            see(`${pointer}/${place}`, { element: row.element, control: row.editor.control || row.element });
            row.editor.visit(`${pointer}/${place}`, see);
          });
        },
      };
    }
  }

  Object.assign(macaron, { Controls, element, button });
})(window.macaronAdmin);
