/** Where else a call may be tried: the contacts of 3xx responses, best first (RFC 3261 §8.1.3.4). */
import type { NameAddr, SipResponse, SipUri } from "./message.ts";
import { isSipUri, parseUri } from "./uri.ts";

export class Redirects {
  readonly #secure: boolean;
  readonly #seen: Set<string>;
  readonly #targets: SipUri[] = [];
  #left: number;

  /** Follows no more than `most` contacts, and from a sips: target only to others of its kind. */
  constructor(target: string, most: number) {
    this.#secure = isSips(target);
    this.#seen = new Set([target]);
    this.#left = most;
  }

  /** Takes the contacts of a 3xx that can be called and were not tried before. */
  learn(response: SipResponse): void {
    const { contact } = response.headers;
    if (contact === undefined || contact === "*") return;
    const ordered = [...contact].sort((one, other) => wish(other) - wish(one));
    for (const { uri } of ordered) this.#add(withoutHeaders(uri));
  }

  /** The next target, undefined when there is none. */
  next(): SipUri | undefined {
    if (this.#left === 0) return undefined;
    this.#left--;
    return this.#targets.shift();
  }

  #add(uri: string): void {
    if (!isSipUri(uri) || !parseUri(uri) || this.#seen.has(uri)) return;
    if (this.#secure && !isSips(uri)) return;
    this.#seen.add(uri);
    this.#targets.push(uri);
  }
}

function isSips(uri: string): boolean {
  return /^sips:/i.test(uri);
}

/** Its `q`; 1 when it has none (§20.10). */
function wish({ params }: NameAddr): number {
  const q = Number(params["q"] ?? 1);
  return Number.isNaN(q) ? 0 : q;
}

/** Whom to call is the redirector's to say; by which method and with which headers is not. */
function withoutHeaders(uri: string): string {
  return uri.replace(/\?.*$/s, "").replace(/;method=[^;]*/i, "");
}
