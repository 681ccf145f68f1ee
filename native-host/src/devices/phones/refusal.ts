/** What a phone's HTTP answer means to the user, and which setting of the phone to change. */

import type { Dialect, PhoneAnswer } from "./dialect.ts";

const MOST_WORDS = 120;

/** Undefined: the phone obeyed, as far as it tells. */
export function refusalOf({ status, body }: PhoneAnswer, { advice, refusal }: Dialect): string | undefined {
  if (status >= 200 && status < 300) {
    const why = refusal?.(body);
    return why === undefined ? undefined : plain(why);
  }
  switch (status) {
    case 401:
      return 'wrong phone password; put its web login into "username" and "passwordFile"';
    case 403:
      return advice.forbidden;
    case 404:
    case 405:
    case 501:
      return advice.missing;
    case 503:
      return "it is too busy to obey; try again in a moment";
    default:
      return `it answered ${status}; ${advice.missing}`;
  }
}

/** Words of the phone for people: one line without markup. */
function plain(words: string): string {
  return words
    .replace(/[\p{Cc}<>&"]/gu, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, MOST_WORDS);
}
