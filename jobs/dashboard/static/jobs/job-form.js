// <job-form>: sends its form without leaving the page, and shows how far a large file has got. The answer is the page
// that the form would have led to; whatever differs in it is taken over.
import { announce } from "./announcer.js";
import { morph } from "./morph.js";

class JobForm extends HTMLElement {
  #request = null;
  #submit = (event) => {
    event.preventDefault();
    this.send(event.target);
  };

  connectedCallback() {
    this.addEventListener("submit", this.#submit);
  }

  disconnectedCallback() {
    this.removeEventListener("submit", this.#submit);
    this.#request?.abort();
  }

  send(form) {
    if (this.#request) return; // a second click
    const request = new XMLHttpRequest(); // fetch() does not tell how far an upload is
    this.#request = request;
    request.responseType = "document";
    request.upload.onprogress = ({ loaded, total }) => this.#sent(loaded / total);
    request.onload = () => this.#answered(request);
    request.onerror = () => this.#refuse("The connection broke off. Nothing was started; try again.");
    request.onloadend = () => this.#over();
    request.open("POST", form.action);
    request.send(new FormData(form));
    this.toggleAttribute("busy", true);
  }

  #sent(fraction) {
    const bar = this.querySelector(".sending");
    bar.hidden = false;
    bar.value = fraction;
  }

  #over() {
    this.#request = null;
    this.toggleAttribute("busy", false);
    const bar = this.querySelector(".sending");
    if (bar) bar.hidden = true;
  }

  #answered({ response, responseURL, status }) {
    const main = response?.querySelector("main");
    const isPage = (status === 200 || status === 422) && main?.querySelector("job-form");
    if (!isPage) return this.#refuse(main?.querySelector(".lead")?.textContent ?? `The server answered ${status}.`);
    const here = document.querySelector("main");
    morph(here, main);
    for (const form of here.querySelectorAll("job-form form")) form.reset();
    for (const drop of here.querySelectorAll("file-drop")) drop.show();
    if (status === 422) return here.querySelector("[aria-invalid], .error:not([hidden])")?.focus();
    this.#accepted(new URL(responseURL));
  }

  #accepted(url) {
    const job = document.getElementById(`job-${url.searchParams.get("job")}`);
    history.replaceState(null, "", url.pathname + url.search);
    announce(`${job?.getAttribute("name")}: handed off`);
    job?.scrollIntoView({ block: "nearest" });
  }

  #refuse(sentence) {
    const error = this.querySelector("[data-whole]");
    error.textContent = sentence;
    error.hidden = false;
  }
}

customElements.define("job-form", JobForm);
