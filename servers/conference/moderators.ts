/** The moderators of all conferences: named on the command line, and believed when they know their password (RFC 3261 §22.2). */

import { DigestServer } from "#sip/digest-server.ts";
import type { ExtraHeaders } from "#sip/leg.ts";
import type { SipRequest } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import type { Users } from "../users.ts";
import { aorOf } from "./identity.ts";

export type Verdict =
  | { readonly name: "moderator" }
  /** He says that he is one, and has to show it. */
  | { readonly name: "challenge"; readonly headers: ExtraHeaders };

export class Moderators {
  readonly #names: ReadonlySet<string>;
  readonly #users: Users | undefined;
  readonly #digest: DigestServer | undefined;

  /** The addresses of moderators, each a user of `users` by its user part. */
  constructor(names: readonly string[] = [], users?: Users) {
    this.#names = new Set(names.map(aorOf));
    this.#users = users;
    this.#digest =
      users && new DigestServer({ realm: users.realm, hashes: ["SHA-256", "MD5"], ha1: users.ha1 });
  }

  /** Whether this request is a moderator's; undefined when it does not say so. `asserted`: whose it is by a trusted proxy's word. */
  judge(request: SipRequest, asserted?: string): Verdict | undefined {
    const aor = aorOf(request.headers.from.uri);
    const digest = this.#digest;
    if (!digest || !this.#names.has(aor)) return undefined;
    if (asserted === aor) return { name: "moderator" };
    const { method, uri, content: body } = request;
    const verdict = digest.verify(textHeader(request, "authorization"), { method, uri, body });
    const user = decodeURIComponent(parseUri(aor)?.user ?? "");
    if (verdict.name === "right" && verdict.username === user) return { name: "moderator" };
    const challenges = digest.challenges(verdict.name === "stale", this.#users?.hashesOf(user));
    return { name: "challenge", headers: { "www-authenticate": challenges.join(", ") } };
  }
}
