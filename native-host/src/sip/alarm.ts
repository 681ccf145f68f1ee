/** One timer that may be set again: setting or stopping it forgets what was set before. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  set(ms: number, ring: () => void): void {
    this.stop();
    this.#timer = setTimeout(ring, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
