// <local-zone>: tells the form where the user's clock is; without it times are taken as the server's.

class LocalZone extends HTMLElement {
  connectedCallback() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone) return;
    this.querySelector("input").value = zone;
    this.querySelector("[data-zone]").textContent = zone.replaceAll("_", " ");
  }
}

customElements.define("local-zone", LocalZone);
