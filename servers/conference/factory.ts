/** The conference factory: whoever calls it gets a conference of their own, under a name nobody can guess (RFC 4579 §5.4). */

import { randomBytes } from "node:crypto";
import { isConferenceId } from "./conference-id.ts";
import type { Identity } from "./identity.ts";

/** The user part of the factory's URI unless the operator chooses another. */
export const FACTORY = "factory";

const SECRET_BYTES = 16;
/** What is left of 64 characters beside the hyphen and the digits. */
const MOST_OF_NAME = 31;

/** `alice-` and 32 hexadecimal digits: who owns it can be seen, what it is called cannot be found out. */
export function newConferenceId({ anonymous, aor }: Pick<Identity, "anonymous" | "aor">): string {
  const user = /^sips?:([^@]*)@/.exec(aor)?.[1] ?? "";
  const name = user.replace(/[^A-Za-z0-9._~-]/g, "").slice(0, MOST_OF_NAME);
  const owner = anonymous || !isConferenceId(name) ? "guest" : name;
  return `${owner}-${randomBytes(SECRET_BYTES).toString("hex")}`;
}
