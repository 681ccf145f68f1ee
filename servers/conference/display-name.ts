/** What a roster calls a participant: untrusted text made plain, and Guest n for those who give no name. */

/** RFC 4575 sets no limit; the XML API does. */
const LONGEST_NAME = 256;

/** Control characters, line and paragraph separators, noncharacters, and the marks that turn the direction of text. */
const NOT_IN_A_NAME =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** One line of at most 256 characters without control characters; undefined when nothing is left. */
export function displayName(text: string | undefined): string | undefined {
  const plain = (text ?? "").toWellFormed().replace(NOT_IN_A_NAME, " ").replace(/\s+/g, " ").trim();
  const short = Array.from(plain).slice(0, LONGEST_NAME).join("");
  return short === "" ? undefined : short;
}
