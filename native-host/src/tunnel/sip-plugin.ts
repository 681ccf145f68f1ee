/** The built-in plug-in `sip`: requests and answers as text, message/sipfrag (RFC 3420), one after the other in a channel. */

import { ServiceError } from "../errors.ts";
import { checkOutgoing } from "./outgoing.ts";
import type {
  PluginRequest,
  PluginResponse,
  PluginRight,
  TunnelChannel,
  TunnelContext,
  TunnelPlugin,
} from "./plugin.ts";
import { formatRequest, formatResponse, readFragment } from "./sip-fragment.ts";

const SIPFRAG = "message/sipfrag";
/** What a far end may say in a call beyond the call itself. */
const HEARD: readonly string[] = ["INFO", "MESSAGE"];

export function sipPlugin(rights: readonly PluginRight[]): TunnelPlugin {
  return { name: "sip", rights, open: (context) => new SipChannel(context, new Set(rights)) };
}

class SipChannel implements TunnelChannel {
  readonly #context: TunnelContext;
  readonly #rights: ReadonlySet<PluginRight>;

  constructor(context: TunnelContext, rights: ReadonlySet<PluginRight>) {
    this.#context = context;
    this.#rights = rights;
    if (!context.call) return;
    for (const method of HEARD) {
      context.onRequest(method, (request) => {
        this.#tell(formatRequest(request));
        return { status: 200 };
      });
    }
  }

  data(type: string, body: Uint8Array): void {
    if (type !== SIPFRAG) throw new ServiceError("bad-request", [`"${type}" is not ${SIPFRAG}`]);
    const request = readFragment(Buffer.from(body).toString("utf8"));
    checkOutgoing(request, this.#rights);
    void this.#send(request);
  }

  close(): void {
    // Everything open is the context's.
  }

  async #send(request: PluginRequest): Promise<void> {
    this.#tell(formatResponse(await this.#answered(request)));
  }

  async #answered(request: PluginRequest): Promise<PluginResponse> {
    try {
      return await this.#context.send(request);
    } catch (refused) {
      // The client has its Result already: the refusal comes as an answer of ours.
      const error = refused instanceof ServiceError ? refused : new ServiceError("internal", []);
      return { status: error.status, reason: error.message };
    }
  }

  #tell(text: string): void {
    this.#context.emit(SIPFRAG, Buffer.from(text));
  }
}
