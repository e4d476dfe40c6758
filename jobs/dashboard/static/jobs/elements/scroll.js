// Keeps a box scrolled to its end while it grows, unless its reader has scrolled up.

const NEAR_PX = 8;

export class ScrollToEnd {
  #box;
  #isAtEnd = true;
  #top = 0;
  #frame = 0;
  // The box may have grown since it was scrolled to its end: only a way up is the reader's.
  #look = () => {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.#isAtEnd = true;
    else if (scrollTop < this.#top) this.#isAtEnd = false;
    this.#top = scrollTop;
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
