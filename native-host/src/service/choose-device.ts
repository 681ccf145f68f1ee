/** ExternalJoin's question to the user: with which device? Asked through every screen there is; the first answer counts. */

import type { ClientId, DeviceView, PromptView } from "../api/call-control.ts";
import { ServiceError } from "../errors.ts";
import { withoutSecrets } from "../secrets.ts";
import type { SipUri } from "../sip/message.ts";

const EXPIRES_S = 60;

export interface Question {
  readonly id: SipUri;
  readonly origin?: string | undefined;
  readonly client: ClientId;
  readonly signal: AbortSignal;
  /** The only ones that may be chosen, used or not: the question is rather whether to call. All when missing. */
  readonly devices?: readonly DeviceView[];
}

interface Prompt {
  readonly view: PromptView;
  /** Whether it only asks for a yes. */
  readonly confirms: boolean;
  readonly clients: Set<ClientId>;
  readonly answered: PromiseWithResolvers<string>;
}

/** Whoever shows questions to the user. */
export interface Screens {
  show(prompt: PromptView): void;
  /** Nobody need answer the question of that name any more. */
  over(prompt: string): void;
}

export class Prompts {
  readonly #prompts = new Map<string, Prompt>();
  readonly #devices: () => readonly DeviceView[];
  readonly #screens: Screens;
  #count = 0;

  constructor(devices: () => readonly DeviceView[], screens: Screens) {
    this.#devices = devices;
    this.#screens = screens;
  }

  get open(): PromptView[] {
    return [...this.#prompts.values()].map(({ view }) => view);
  }

  /** Resolves with the device chosen. Throws ServiceError `cancelled`, also after 60 s. */
  async ask({ id, origin, client, signal, devices: only }: Question): Promise<string> {
    this.#count += 1;
    const name = `p${this.#count}`;
    const devices = only ?? this.#devices();
    const view = {
      prompt: name,
      id: withoutSecrets(id),
      ...(origin !== undefined && { origin }),
      expiresS: EXPIRES_S,
      devices,
    };
    const confirms = only !== undefined;
    const prompt: Prompt = { view, confirms, clients: new Set([client]), answered: Promise.withResolvers() };
    const cancel = () => prompt.answered.reject(new ServiceError("cancelled", []));
    const expiry = setTimeout(cancel, 1000 * EXPIRES_S);
    signal.addEventListener("abort", cancel, { once: true });
    this.#prompts.set(name, prompt);
    this.#screens.show(view);
    try {
      return await prompt.answered.promise;
    } finally {
      this.#prompts.delete(name);
      clearTimeout(expiry);
      signal.removeEventListener("abort", cancel);
      this.#screens.over(name);
    }
  }

  /** What an open question asks about. Throws ServiceError `no-such-prompt`. */
  find(name: string): PromptView {
    return this.#find(name).view;
  }

  /** Whether `device` says yes to a question that has no more in it. Throws ServiceError `no-such-prompt`, `no-such-device`. */
  isYes(name: string, device: string): boolean {
    const { view, confirms } = this.#find(name);
    if (!confirms) return false;
    if (view.devices.some(({ dev }) => dev === device)) return true;
    throw new ServiceError("no-such-device", [device]);
  }

  /** The user chose a device, or none. Throws ServiceError `no-such-prompt`. */
  answer(name: string, device: string | undefined): void {
    const prompt = this.#find(name);
    this.#prompts.delete(name);
    if (device === undefined) prompt.answered.reject(new ServiceError("cancelled", []));
    else prompt.answered.resolve(device);
  }

  /** One more client waits for the answer to the same question. */
  alsoAskedBy(client: ClientId, { id, origin }: Pick<Question, "id" | "origin">): void {
    for (const { view, clients } of this.#prompts.values()) {
      if (view.id === withoutSecrets(id) && view.origin === origin) clients.add(client);
    }
  }

  /** A client went away: questions nobody else waits for are withdrawn. */
  clientGone(client: ClientId): void {
    for (const { clients, answered } of this.#prompts.values()) {
      if (clients.delete(client) && clients.size === 0) answered.reject(new ServiceError("cancelled", []));
    }
  }

  close(): void {
    for (const { answered } of this.#prompts.values()) answered.reject(new ServiceError("shutting-down", []));
  }

  #find(name: string): Prompt {
    const prompt = this.#prompts.get(name);
    if (!prompt) throw new ServiceError("no-such-prompt", [name]);
    return prompt;
  }
}
