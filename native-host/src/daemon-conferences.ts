/** Where the daemon has conferences made when people are invited, and how it asks what the server there can do. */

import type { Config } from "./config.ts";
import { LOCAL_CONFERENCES } from "./config-conferences.ts";
import type { NewConferenceOptions } from "./service/new-conference.ts";
import type { UserAgent } from "./sip/user-agent.ts";

/** A conference server that says nothing for so long is not there. */
const ASK_MS = 3000;

export function conferencesOf(
  agent: UserAgent,
  { conferences }: Config,
  /** Of the conference server here, where the configuration names none. */
  localPort?: number,
): NewConferenceOptions {
  const local = localPort === undefined ? LOCAL_CONFERENCES.server : (`sip:127.0.0.1:${localPort}` as const);
  return {
    server: conferences?.server ?? local,
    ask: (target) => agent.request("OPTIONS", target, { timeoutMs: ASK_MS }),
  };
}
