/** Whoever is on the line and not yet in may watch himself, and nobody else: that he waits, and then that this is over (RFC 4575 §5.7.3 `pending`). */

import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { Notifier } from "#sip/notify.ts";
import { el, formatXml } from "#xml/strict.ts";
import { CONFERENCE_INFO } from "./conference-package.ts";
import type { Participant } from "./participant.ts";

const NAMESPACE = "urn:ietf:params:xml:ns:conference-info";
/** The subscriber asks anew at once, as the member he is then (RFC 6665 §4.1.3). */
const ASK_ANEW = "deactivated";
const MOST_EACH = 4;

export class WaitingWatchers {
  readonly #entity: string;
  readonly #watchers = new Map<Participant, Set<Notifier>>();

  /** `entity`: the conference's. */
  constructor(entity: string) {
    this.#entity = entity;
  }

  /** A SUBSCRIBE that names the call of somebody who waits: accepted and answered, or refused. */
  subscribed(subscribe: IncomingSubscribe, participant: Participant): void {
    const own = this.#watchers.get(participant) ?? new Set<Notifier>();
    if (own.size >= MOST_EACH) {
      subscribe.reject(503);
      return;
    }
    const notifier: Notifier = subscribe.accept({
      onRefresh: () => tell(),
      onEnded: () => {
        own.delete(notifier);
        if (own.size === 0) this.#watchers.delete(participant);
      },
    });
    let version = 0;
    const tell = () => {
      version += 1;
      void notifier.notify(CONFERENCE_INFO, this.#document(participant, version));
    };
    tell();
    if (!notifier.active) return;
    own.add(notifier);
    this.#watchers.set(participant, own);
  }

  /** He is in, or gone. */
  over(participant: Participant): void {
    for (const notifier of this.#watchers.get(participant) ?? []) void notifier.terminate(ASK_ANEW);
    this.#watchers.delete(participant);
  }

  #document({ identity, phone }: Participant, version: number): string {
    const endpoint = el("endpoint", { entity: phone.remoteContact.uri, state: "full" }, [
      el("status", {}, ["pending"]),
    ]);
    const users = el("users", { state: "full" }, [
      el("user", { entity: identity.aor, state: "full" }, [endpoint]),
    ]);
    const attributes = { xmlns: NAMESPACE, entity: this.#entity, state: "full", version };
    return `<?xml version="1.0" encoding="UTF-8"?>\n${formatXml(el("conference-info", attributes, [users]))}`;
  }
}
