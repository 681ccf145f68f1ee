/** Who may do what in a conference: members bring people in and take out whom they brought; moderators do all (RFC 4353 §4). */

import type { Identity } from "./identity.ts";

/** Somebody who asks for something: a member, or a configured moderator who has shown who he is. */
export interface Actor {
  readonly identity: Identity;
  /** The same for all calls that took the place of one another. */
  readonly key: symbol;
  readonly moderator: boolean;
}

/** Somebody whom an actor may want to take out or to silence. */
interface Ruled {
  readonly key: symbol;
  readonly standing: { readonly invitedBy?: symbol | undefined };
}

/** Whether `actor` may expel or silence `target`: himself, whom he brought, and as a moderator anybody. */
export function mayRule(actor: Actor, target: Ruled): boolean {
  return actor.moderator || actor.key === target.key || target.standing.invitedBy === actor.key;
}

/**
 * A conference whose name nobody can guess is that of whoever opens it with a list of people: `alice-` and 16 or more
 * hexadecimal digits. All others, such as that of a web page, are nobody's.
 */
const PRIVATE = /-[0-9a-f]{16,}$/;

export function isPrivate(id: string): boolean {
  return PRIVATE.test(id);
}

/** What people call a conference: the name nobody can guess is for those who call it. */
export function titleOf(id: string): string {
  return isPrivate(id) ? `Conference of ${id.replace(PRIVATE, "")}` : id;
}
