/* Buttons that copy the text of another element to the clipboard. */
"use strict";
(() => {
  const copyBySelection = (element) => {
    // Browsers have no clipboard API without HTTPS.
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    document.execCommand("copy");
    selection.removeAllRanges();
  };

  for (const button of document.querySelectorAll("[data-macaron-copy]")) {
    const label = button.textContent;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      const element = document.getElementById(button.dataset.macaronCopy);
      if (navigator.clipboard) {
        try {
          await navigator.clipboard.writeText(element.textContent);
        } catch {
          copyBySelection(element);
        }
      } else {
        copyBySelection(element);
      }
      button.textContent = button.dataset.done;
      window.setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
})();
