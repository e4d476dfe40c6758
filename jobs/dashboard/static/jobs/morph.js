// Makes one tree like another by changing only what differs, so that focus, selection, scroll positions, images and
// what the user folded or unfolded stay. An element with `data-kept` is left alone, one with `data-kept-open` stays as
// open as it is.

export function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (isKept(from)) return;
  morphAttributes(from, to);
  if (from.localName === "textarea" && from.defaultValue === to.defaultValue) return;
  morphChildren(from, to);
}

function morphAttributes(from, to) {
  const staysOpen = (name) => name === "open" && from.hasAttribute("data-kept-open");
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !staysOpen(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !staysOpen(name)) from.setAttribute(name, value);
  }
}

function morphChildren(from, to) {
  let here = from.firstChild;
  for (const next of [...to.childNodes]) {
    const match = findMatch(here, next);
    if (!match) {
      from.insertBefore(document.importNode(next, true), here);
      continue;
    }
    while (here !== match) here = removed(here);
    morph(match, next);
    here = match.nextSibling;
  }
  while (here) here = removed(here);
}

// An element with an id matches the one of that id further on; any other node only the one in its place.
function findMatch(here, next) {
  if (!next.id) return here && isAlike(here, next) ? here : null;
  for (let node = here; node; node = node.nextSibling) {
    if (node.id === next.id && isAlike(node, next)) return node;
  }
  return null;
}

function isAlike(one, other) {
  return one.nodeName === other.nodeName && (one.id ?? "") === (other.id ?? "") && isKept(one) === isKept(other);
}

function isKept(node) {
  return node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-kept");
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
