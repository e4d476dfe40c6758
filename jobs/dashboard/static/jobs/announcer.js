// Says a sentence to screen readers; sparingly, as it interrupts.
export function announce(sentence) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = sentence;
}
