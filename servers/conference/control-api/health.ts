/** Whether the server can take conferences, and in a sentence each what is wrong. */

import type { Admin } from "../admin.ts";

export interface Health {
  readonly status: "ok" | "draining" | "unwell";
  readonly problems: readonly string[];
  readonly conferences: number;
  readonly participants: number;
}

/** A mixer the server works with. */
export interface MixerState {
  readonly uri: string;
  readonly up: boolean;
}

export function healthOf(admin: Admin, mixers: readonly MixerState[]): Health {
  const { conferences, participants } = admin.counts;
  const away = mixers.filter(({ up }) => !up);
  const mixerless = mixers.length > 0 && away.length === mixers.length;
  const problems = [
    ...away.map(({ uri }) => `The mixer ${uri} does not answer; see whether it runs.`),
    ...(admin.draining ? ["The server drains: it begins no conference any more."] : []),
  ];
  const status = mixerless ? "unwell" : admin.draining ? "draining" : "ok";
  return { status, problems, conferences, participants };
}
