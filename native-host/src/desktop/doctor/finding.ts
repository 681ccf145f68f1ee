/** What the doctor says of one part of an installation. */
export interface Finding {
  readonly what: string;
  readonly state: "ok" | "warning" | "broken";
  /** One sentence. */
  readonly words: string;
  /** What to do about it. */
  readonly next?: string;
}

export function ok(what: string, words: string): Finding {
  return { what, state: "ok", words };
}

export function warning(what: string, words: string, next: string): Finding {
  return { what, state: "warning", words, next };
}

export function broken(what: string, words: string, next: string): Finding {
  return { what, state: "broken", words, next };
}
