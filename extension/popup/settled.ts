/** Guards a window that comes by itself: a key that was meant for another window answers nothing. */

/** Who types does not stop within this time when another window takes the keys. */
const SETTLES_MS = 500;

let sinceMs = performance.now();

window.addEventListener("focus", () => {
  sinceMs = performance.now();
});

/** Whether this page is a window of its own, which came by itself; the popup was opened by the user. */
export function isWindow(): boolean {
  return document.body.classList.contains("window");
}

/** Whether the window has had the keys long enough for one to be meant for it. */
export function hasSettled(): boolean {
  return !isWindow() || performance.now() - sinceMs >= SETTLES_MS;
}

/** Whether this click is one of the mouse, or of a key that was meant for us. */
export function isMeant({ detail }: MouseEvent): boolean {
  return detail > 0 || hasSettled();
}
