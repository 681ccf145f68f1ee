/** Whoever is on the line and not yet in may watch himself, and nobody else: that he waits, and then that this is over (RFC 4575 §5.7.3 `pending`). */

import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { SipUri } from "#sip/message.ts";
import type { Notifier } from "#sip/notify.ts";
import { CONFERENCE_INFO, waitingDocument } from "./conference-package.ts";
import type { Participant } from "./participant.ts";

/** The subscriber asks anew at once, as the member he is then (RFC 6665 §4.1.3). */
const ASK_ANEW = "deactivated";
const MOST_EACH = 4;

export class WaitingWatchers {
  readonly #entity: SipUri;
  readonly #watchers = new Map<Participant, Set<Notifier>>();

  /** `entity`: the conference's. */
  constructor(entity: SipUri) {
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
    const { identity, phone } = participant;
    const document = waitingDocument(this.#entity, identity.aor, phone.remoteContact.uri);
    let version = 0;
    const tell = () => {
      version += 1;
      void notifier.notify(CONFERENCE_INFO, document(version));
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
}
