/** Text that somebody else wrote, made fit to be shown: one line, bounded, no control or direction-changing characters. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** At most `max` characters of `text` on one line; "" for anything that is no text. */
export function label(text: unknown, max: number): string {
  if (typeof text !== "string") return "";
  const line = text
    .slice(0, max * 8)
    .replace(/\s+/gu, " ")
    .replace(UNSEEN, "")
    .trim();
  return [...line].slice(0, max).join("");
}
