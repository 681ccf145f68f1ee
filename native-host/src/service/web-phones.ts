/** Browsers as devices: each appears when its extension says so, and goes when it stays away. */

import type { CallControl, ClientId } from "../api/call-control.ts";
import type { Codec } from "../devices/device.ts";
import type { Peer } from "../devices/peer.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { type WebClient, WebPhone } from "../devices/web-phone.ts";
import { ServiceError } from "../errors.ts";
import type { Sdp } from "../sip/message.ts";

type AnswerPeer = (offer: Sdp, codecs: readonly Codec[]) => Promise<Peer | undefined>;

export class WebPhones {
  readonly #registry: DeviceRegistry;
  readonly #answerPeer: AnswerPeer;
  readonly #phones = new Map<string, WebPhone>();
  readonly #attached = new Map<ClientId, { readonly phone: WebPhone; readonly line: WebClient }[]>();

  constructor(registry: DeviceRegistry, answerPeer: AnswerPeer) {
    this.#registry = registry;
    this.#answerPeer = answerPeer;
  }

  /** The browser is here, for the first time or again. Throws ServiceError when the name belongs to another kind of device. */
  attach({ dev, name, client, ring, hangup }: Parameters<CallControl["webPhone"]>[0]): void {
    const taken = this.#registry.find(dev);
    const known = this.#phones.get(dev);
    if (taken && taken !== known) throw new ServiceError("bad-request", [`"${dev}" is another device`]);
    const phone = known ?? this.#create(dev, name ?? "This browser");
    const line = { ring, hangup };
    this.#attached.set(client, [...(this.#attached.get(client) ?? []), { phone, line }]);
    phone.attach(line);
    if (known) this.#registry.changed(phone);
    else this.#registry.add(phone);
  }

  offer({ dev, ...offer }: Parameters<CallControl["webOffer"]>[0]): Promise<Sdp | undefined> {
    const phone = this.#phones.get(dev);
    if (!phone) throw new ServiceError("no-such-device", [dev]);
    return phone.offer(offer);
  }

  clientGone(client: ClientId): void {
    for (const { phone, line } of this.#attached.get(client) ?? []) {
      phone.detach(line);
      this.#registry.changed(phone);
    }
    this.#attached.delete(client);
  }

  #create(id: string, name: string): WebPhone {
    const phone = new WebPhone({
      id,
      name,
      answerPeer: this.#answerPeer,
      onGone: () => {
        this.#phones.delete(id);
        this.#registry.remove(phone);
      },
    });
    this.#phones.set(id, phone);
    return phone;
  }
}
