// Converts JSON text to values and back, without loss. JSON.parse rounds numbers beyond 2^53, accepts duplicate names,
// and doesn't return the places of values. This parser keeps the text of numbers, and also returns each value's place.
// An object becomes a Map.
"use strict";
window.macaronAdmin = window.macaronAdmin || {};

(function (macaron) {
  class ExactNumber {
    constructor(text) {
      this.text = text;
    }
  }

  class NotJSON extends Error {
    constructor(message, offset) {
      super(message);
      this.offset = offset;
    }
  }

  const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
  const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
  const SPACE = /[ \t\r\n]*/y;
  const MAX_DEPTH = 100;

  function parse(text, words = {}) {
    let at = 0;
    const places = new Map();

    function skip() {
      SPACE.lastIndex = at;
      SPACE.test(text);
      at = SPACE.lastIndex;
    }

    function fail(offset = at, message = words.notJson || "This isn't valid JSON") {
      throw new NotJSON(message, offset);
    }

    function string() {
      STRING.lastIndex = at;
      const found = STRING.exec(text);
      if (!found) {
        fail();
      }
      at = STRING.lastIndex;
      return JSON.parse(found[0]);
    }

    function members(opening, closing, member) {
      at += 1;
      skip();
      if (text[at] === closing) {
        at += 1;
        return;
      }
      for (;;) {
        member();
        skip();
        if (text[at] === closing) {
          at += 1;
          return;
        }
        if (text[at] !== ",") {
          fail();
        }
        at += 1;
        skip();
      }
    }

    function value(pointer, depth) {
      skip();
      places.set(pointer, at);
      if (depth > MAX_DEPTH) {
        fail();
      }
      const first = text[at];
      if (first === "{") {
        const object = new Map();
        members("{", "}", () => {
          const start = at;
          const name = string();
          if (object.has(name)) {
            fail(start, words.twice);
          }
          skip();
          if (text[at] !== ":") {
            fail();
          }
          at += 1;
          object.set(name, value(`${pointer}/${token(name)}`, depth + 1));
        });
        return object;
      }
      if (first === "[") {
        const array = [];
        members("[", "]", () => {
          array.push(value(`${pointer}/${array.length}`, depth + 1));
        });
        return array;
      }
      if (first === '"') {
        return string();
      }
      for (const [word, meaning] of [["true", true], ["false", false], ["null", null]]) {
        if (text.startsWith(word, at)) {
          at += word.length;
          return meaning;
        }
      }
      NUMBER.lastIndex = at;
      const found = NUMBER.exec(text);
      if (!found) {
        fail();
      }
      at = NUMBER.lastIndex;
      return new ExactNumber(found[0]);
    }

    const whole = value("", 0);
    skip();
    if (at < text.length) {
      fail();
    }
    return { value: whole, places };
  }

  function stringify(value, indent = "") {
    if (value instanceof ExactNumber) {
      return value.text;
    }
    const deeper = `${indent}  `;
    if (value instanceof Map) {
      const inner = [...value].map(([name, member]) => `${deeper}${JSON.stringify(name)}: ${stringify(member, deeper)}`);
      return inner.length ? `{\n${inner.join(",\n")}\n${indent}}` : "{}";
    }
    if (Array.isArray(value)) {
      const inner = value.map((member) => deeper + stringify(member, deeper));
      return inner.length ? `[\n${inner.join(",\n")}\n${indent}]` : "[]";
    }
    return JSON.stringify(value);
  }

  function isNumber(text) {
    NUMBER.lastIndex = 0;
    const found = NUMBER.exec(text);
    return found !== null && found[0].length === text.length;
  }

  function token(name) {
    return String(name).replace(/~/g, "~0").replace(/\//g, "~1");
  }

  // Returns the line and the column of an offset, both counted from 1.
  function position(text, offset) {
    const before = text.slice(0, offset).split("\n");
    return { line: before.length, column: before[before.length - 1].length + 1 };
  }

  Object.assign(macaron, { ExactNumber, NotJSON, parse, stringify, isNumber, token, position });
})(window.macaronAdmin);
