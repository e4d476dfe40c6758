// Keeps a box scrolled to its end while it grows, unless its reader has scrolled up.

const NEAR_PX = 8;

export class ScrollToEnd {
  #box;
  #isAtEnd = true;
  #frame = 0;
  #look = () => {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  };

  constructor(box) {
    this.#box = box;
    box.addEventListener("scroll", this.#look, { passive: true });
    this.grown();
  }

  // Once a frame, however much is added in it.
  grown() {
    if (!this.#isAtEnd || this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#box.scrollTop = this.#box.scrollHeight;
    });
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#box.removeEventListener("scroll", this.#look);
  }
}
