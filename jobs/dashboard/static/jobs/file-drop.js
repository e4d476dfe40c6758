// <file-drop max-bytes>: shows what was chosen. Choosing and dropping are the browser's own: the input covers the element.

class FileDrop extends HTMLElement {
  #input = null;
  #words = [];
  #show = () => this.show();
  #over = () => this.toggleAttribute("over", true);
  #out = () => this.toggleAttribute("over", false);

  connectedCallback() {
    this.#input = this.querySelector("input[type=file]");
    this.#input.addEventListener("change", this.#show);
    this.addEventListener("dragenter", this.#over);
    for (const kind of ["dragleave", "drop"]) this.addEventListener(kind, this.#out);
    this.show();
  }

  disconnectedCallback() {
    this.#input.removeEventListener("change", this.#show);
    this.removeEventListener("dragenter", this.#over);
    for (const kind of ["dragleave", "drop"]) this.removeEventListener(kind, this.#out);
  }

  // The names of the chosen files, or again the server's words when none is.
  show() {
    const line = this.querySelector("[data-chosen]");
    if (!this.hasAttribute("full")) this.#words = [...line.childNodes];
    const files = [...this.#input.files];
    const chosen = files.flatMap((file) => [named(file.name), ` ${size(file.size)} `]);
    line.replaceChildren(...(files.length ? chosen : this.#words));
    this.toggleAttribute("full", files.length > 0);
    this.#check(files);
  }

  // The server refuses a large file as well, but only in the middle of it.
  #check(files) {
    const limit = Number(this.getAttribute("max-bytes"));
    const large = files.find((file) => file.size > limit);
    const problem = large ? `${large.name} has ${size(large.size)}; expected at most ${size(limit)}.` : "";
    this.#input.setCustomValidity(problem);
    if (problem) this.#input.reportValidity();
  }
}

function named(name) {
  const element = document.createElement("strong");
  element.textContent = name;
  return element;
}

function size(bytes) {
  const format = (unit) => new Intl.NumberFormat("en", { style: "unit", unit, maximumSignificantDigits: 3 });
  if (bytes < 1e3) return format("byte").format(bytes);
  return bytes < 1e6 ? format("kilobyte").format(bytes / 1e3) : format("megabyte").format(bytes / 1e6);
}

customElements.define("file-drop", FileDrop);
